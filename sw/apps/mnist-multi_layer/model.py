"""MNIST at 12x12: two fully connected layers."""

from collections import OrderedDict

from torch import nn

INPUT_SHAPE = (144,)
APPEND_FINAL_SOFTMAX = True
BATCH = 1  # HEEPstor ran 5 images at once
DATASET = "MNIST"
CROP = 24  # all that the digits use of 28x28; two pixels make one


def model() -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            fc0=nn.Linear(144, 20),
            relu0=nn.ReLU(),
            fc1=nn.Linear(20, 10),
        )
    )
