"""Fashion-MNIST at 15x15: two convolutions, one fully connected layer."""

from collections import OrderedDict

from torch import nn

INPUT_SHAPE = (1, 15, 15)
APPEND_FINAL_SOFTMAX = True
DATASET = "Fashion-MNIST"
CROP = 28


def model() -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 16, 5),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(16, 6, 4),
            relu2=nn.ReLU(),
            flatten=nn.Flatten(),
            fc1=nn.Linear(384, 10),
        )
    )
