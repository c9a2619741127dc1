"""CIFAR-10 at 26x26: three convolutions with batch norm, one fully connected layer."""

from collections import OrderedDict

from torch import nn

INPUT_SHAPE = (3, 26, 26)
APPEND_FINAL_SOFTMAX = True
DATASET = "CIFAR-10"
CROP = 32  # the whole image, resized to 26x26


def model() -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 16, 5),
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
            dropout=nn.Dropout(0.1),
            fc1=nn.Linear(294, 10),
        )
    )
