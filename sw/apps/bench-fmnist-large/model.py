"""Fashion-MNIST at its full 28x28: the network of cifar10 with one input channel."""

from collections import OrderedDict

from torch import nn

INPUT_SHAPE = (1, 28, 28)
APPEND_FINAL_SOFTMAX = True
DATASET = "Fashion-MNIST"
CROP = 28


def model() -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 16, 5),
            batchnorm1=nn.BatchNorm2d(16),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(16, 24, 3),
            batchnorm2=nn.BatchNorm2d(24),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            conv3=nn.Conv2d(24, 6, 4),
            batchnorm3=nn.BatchNorm2d(6),
            relu3=nn.ReLU(),
            flatten=nn.Flatten(),
            fc1=nn.Linear(384, 10),
        )
    )
