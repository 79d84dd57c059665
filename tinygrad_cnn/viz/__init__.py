"""Pictures drawn with pillow alone: training curves, sheets of digits, the sliding window of a convolution."""

from .chart import Curve, Panel, chart, smooth
from .digits import digit_sheet
from .sliding import sliding_window

__all__ = ["Curve", "Panel", "chart", "digit_sheet", "sliding_window", "smooth"]
