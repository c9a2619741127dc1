"""Fashion-MNIST at 12x12: two fully connected layers."""

from collections import OrderedDict

from torch import nn

INPUT_SHAPE = (144,)
APPEND_FINAL_SOFTMAX = True
BATCH = 1  # HEEPstor ran 8 images at once
DATASET = "Fashion-MNIST"
CROP = 28


def model() -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            fc0=nn.Linear(144, 20),
            relu0=nn.ReLU(),
            fc1=nn.Linear(20, 10),
        )
    )
