"""The mathematics of each operation: `forward` on arrays through the kernels of their device, `backward` on Tensors.

A file here has twins of the same name in `cpu/` and `cuda/`, where it has kernels of its own. Arguments arrive checked
and normalized by `nn.functional` or by the Tensor methods; what depends on shapes is checked by `shapes`.
"""
