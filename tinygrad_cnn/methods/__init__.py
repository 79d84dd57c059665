"""The methods of a Tensor, a file for each kind; `tensor.py` puts them together."""
