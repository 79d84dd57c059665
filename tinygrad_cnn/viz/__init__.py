"""Pictures drawn with pillow alone: training curves, sheets of digits, the sliding window of a convolution."""

from .chart import Curve, Panel, chart, smooth
from .images import image_sheet
from .network import draw_network
from .sliding import sliding_window

__all__ = ["Curve", "Panel", "chart", "draw_network", "image_sheet", "sliding_window", "smooth"]
