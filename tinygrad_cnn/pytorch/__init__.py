"""Names that programs written for PyTorch ask for, and that have little to do here: settings that are always so, old
spellings, half precision switched off. `places.py` puts names into the modules where PyTorch has them."""
