"""Colour profiles (ICC): what a scanner or a camera meant by its numbers, as the sRGB that models know."""

from io import BytesIO

from PIL import Image, ImageCms

SRGB = ImageCms.createProfile("sRGB")

FAULTS = (AttributeError, ImageCms.PyCMSError, OSError, TypeError, ValueError)
"""What a profile that is broken, or made for other colours than the picture's, has been seen to raise."""


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a grey, RGB or CMYK picture as sRGB; a profile that is broken or does not fit is left aside."""
    if profile:
        try:
            return _transform(image, ImageCms.ImageCmsProfile(BytesIO(profile)))
        except FAULTS:
            pass
    return image.convert("RGB")


def _transform(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    """Convert by a readable profile.

    Raises:
        ValueError: if it is for other colours than the picture's.
    """
    space = profile.profile.xcolor_space.strip()
    if space == "RGB" and image.mode in {"L", "RGB"}:
        image = image.convert("RGB")
        if (profile.profile.profile_description or "").startswith("sRGB"):
            return image  # as it is: a round through the colour engine would only add errors of rounding
    elif (space, image.mode) not in {("GRAY", "L"), ("CMYK", "CMYK")}:
        raise ValueError("the profile does not fit the picture")
    converted = ImageCms.profileToProfile(image, profile, SRGB, outputMode="RGB")
    if converted is None:
        raise ValueError("the colour engine gave no picture")
    return converted
