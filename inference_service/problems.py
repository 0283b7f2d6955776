"""How the errors of this service look over HTTP."""

from artifact.image import ImageEmpty, ImageTooLarge, ImageTruncated, ImageUnreadable, ImageUnsuitable
from inference_service.admission import REFUSED
from inference_service.audit.log import UNWRITABLE, AuditUnavailable
from inference_service.decoders import ImageTooSlow
from inference_service.model import LOADING, ModelUnavailable
from inference_service.queue import QueueFull
from inference_service.upload import (
    FIELD,
    REMEDY,
    UNREADABLE,
    UploadInvalid,
    UploadMalformed,
    UploadTooLarge,
    UploadTooMany,
    UploadTooSlow,
)
from web.access import TOO_MANY, RateLimited
from web.problems import ProblemKind

PROBLEMS: dict[type[Exception], ProblemKind] = {
    UploadMalformed: ProblemKind(400, "upload-malformed", "The form cannot be read", UNREADABLE),
    UploadTooSlow: ProblemKind(
        408,
        "upload-too-slow",
        "The upload took too long",
        "The upload took too long. Send it again, or send a smaller file.",
    ),
    UploadInvalid: ProblemKind(
        422,
        "upload-invalid",
        "The form does not fit the API",
        f"The field `{FIELD}` is missing. {REMEDY}",
    ),
    UploadTooLarge: ProblemKind(
        413,
        "file-too-large",
        "A file is too large",
        "The file is larger than the limit of 20000000 bytes. Send a smaller one.",
    ),
    UploadTooMany: ProblemKind(
        413,
        "too-many-images",
        "There are too many images",
        "At most 100 images are answered at once. Send the rest apart.",
    ),
    ImageTooLarge: ProblemKind(
        413,
        "image-too-large",
        "The image has too many pixels",
        "The image is larger than the limit of 50000000 pixels, or than 1000000 pixels on one side. "
        "Send a smaller image, or a part of it.",
    ),
    ImageUnreadable: ProblemKind(
        415,
        "image-unreadable",
        "The file is not a readable image",
        "The file is no image that can be read. Send a JPEG, PNG, TIFF, BMP, WebP or DICOM image.",
    ),
    ImageTruncated: ProblemKind(
        415,
        "image-truncated",
        "The image is cut off or damaged",
        "The file begins like a PNG image but cannot be read to its end: it is cut off or damaged. "
        "Send the whole file again, or save the image as PNG and send that.",
    ),
    ImageUnsuitable: ProblemKind(
        422,
        "image-unsuitable",
        "The file is not one picture",
        "The file is a whole-slide object. Send one region of it at 10 to 40 times magnification, "
        "as a single DICOM frame, a TIFF, a JPEG or a PNG.",
    ),
    ImageTooSlow: ProblemKind(
        422,
        "image-too-slow",
        "The image takes too long to decode",
        "The image takes longer than 20 seconds to decode. "
        "Save it again as an ordinary PNG or JPEG, or send a smaller part of it.",
    ),
    ImageEmpty: ProblemKind(
        422, "image-empty", "The file is empty", "The file is empty. Send the image itself."
    ),
    QueueFull: REFUSED,
    ModelUnavailable: ProblemKind(503, "model-unavailable", "There is no model to answer with", LOADING),
    AuditUnavailable: ProblemKind(503, "audit-unavailable", "The answer cannot be recorded", UNWRITABLE),
    RateLimited: TOO_MANY,
}
"""The last one only inside an answer: a whole request beyond the limit is refused before it gets here."""
