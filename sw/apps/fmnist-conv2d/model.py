"""Fashion-MNIST at 14x14: two convolutions, one fully connected layer."""

from collections import OrderedDict

from torch import nn

INPUT_SHAPE = (1, 14, 14)
APPEND_FINAL_SOFTMAX = True
DATASET = "Fashion-MNIST"
CROP = 28


def model() -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 16, 4),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(16, 8, 4),
            relu2=nn.ReLU(),
            flatten=nn.Flatten(),
            fc1=nn.Linear(512, 10),
        )
    )
