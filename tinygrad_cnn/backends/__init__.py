"""The switches that programs set before they train; see `cudnn`."""

from . import cudnn, mps
