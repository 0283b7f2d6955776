"""From folders of labelled images to a trained, evaluated and self-describing model file."""

import os

# Large tensors come and go with every step. torch, which reads this when it first takes memory, then asks
# Linux for pages of 2 MB instead of 4 KB: steps of PlantNetV2 spend a sixth of their time on getting pages.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
