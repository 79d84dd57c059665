"""What of PyTorch's vocabulary is left out, and why: one list, which the names themselves quote when they are asked for.

    >>> from tinygrad_cnn import nn
    >>> nn.LSTM
    Traceback (most recent call last):
    tinygrad_cnn.left_out.LeftOut: nn.LSTM is left out: networks for sequences are no convolutional networks

`LeftOut` is a NotImplementedError, and an AttributeError too, so that `hasattr` and `getattr(x, name, default)` go on working.
A test compares the list with PyTorch's own: whatever is neither here nor there fails it.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, NoReturn

REASONS: dict[str, str] = {
    "networks for sequences are no convolutional networks":
        "GRU* gru* LSTM* lstm* RNN* rnn_* Transformer* MultiheadAttention multi_head_attention_forward attention "
        "scaled_dot_product_attention CTCLoss ctc_loss EmbeddingBag embedding_bag embedding_renorm_ "
        "AdaptiveLogSoftmaxWithLoss LinearCrossEntropy* linear_cross_entropy",
    "there are no complex numbers and no Fourier transforms":
        "angle cdouble cfloat chalf complex* conj* fft imag is_complex is_conj isreal istft polar real resolve_conj stft "
        "view_as_complex* view_as_real* vdot adjoint H mH",
    "there are six dtypes: float32, float64, int64, int32, uint8 and bool":
        "half bfloat16 float16 short char int8 int16 int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 "
        "uint6 uint7 uint16 uint32 uint64 bits* float4_* float8_* autocast* GradScaler amp *autocast* finfo iinfo "
        "is_signed",
    "tensors are dense: neither sparse, nor quantized, nor nested":
        "*sparse* *csr* *csc* *coo* *bsr* *bsc* *quantize* q_* int_repr qscheme qint* quint* qat quantizable intrinsic "
        "coalesce is_coalesced indices values crow_indices col_indices ccol_indices row_indices dense_dim smm sspaddmm "
        "hsmm hspmm saddmm spmm dsmm nested* is_nested to_padded_tensor jagged choose_qparams_optimized "
        "fused_moving_avg_obs_fake_quant to_dense fbgemm_* per_channel_* per_tensor_* *_copy mkldnn_* is_mkldnn to_mkldnn "
        "layout strided",
    "numpy.linalg has the decompositions; take x.numpy()":
        "cholesky* det eig geqrf inverse linalg lobpcg logdet lstsq lu lu_* matrix_exp matrix_power matrix_rank "
        "nuclear_norm frobenius_norm orgqr ormqr pca_lowrank pinverse qr slogdet solve svd svd_lowrank symeig "
        "triangular_solve chain_matmul kron cross vander trace cov corrcoef addbmm* addr addr_ ger inner",
    "it is a special function that convolutional networks do not use":
        "digamma* erfinv* i0* igamma* lgamma* mvlgamma* polygamma* special sinc* logit logit_ xlogy* nextafter* frexp "
        "ldexp* hypot* copysign* signbit heaviside* gcd* lcm* bitwise_left_shift* bitwise_right_shift* deg2rad* rad2deg* "
        "float_power* sgn sgn_ logaddexp logaddexp2 arccosh* arcsinh* arctanh* isneginf isposinf positive rrelu* RReLU "
        "gumbel_softmax",
    "it is rarely met in convolutional networks; compose it from other operations":
        "aminmax bucketize block_diag cartesian_prod cdist combinations cummax cummin cumulative_trapezoid diff dist "
        "histc histogram* index_reduce* isin is_same_size logcumsumexp mode multinomial nanmean nanmedian nanquantile "
        "nansum narrow_copy *_scatter scatter_reduce* segment_reduce put put_ quantile renorm* searchsorted trapezoid "
        "trapz tril_indices triu_indices unique_consecutive unravel_index diagflat map_ map2_ apply_ pdist bilinear "
        "Bilinear range bernoulli cauchy_ "
        "exponential_ geometric_ log_normal_ binomial poisson nonzero_static slice_inverse sum_to_size bartlett_window "
        "blackman_window hamming_window hann_window kaiser_window is_nonzero",
    "none of the networks here is trained with this loss; compose it from other operations":
        "CosineEmbeddingLoss cosine_embedding_loss GaussianNLLLoss gaussian_nll_loss HingeEmbeddingLoss "
        "hinge_embedding_loss MarginRankingLoss margin_ranking_loss MultiLabelMarginLoss multilabel_margin_loss "
        "MultiLabelSoftMarginLoss multilabel_soft_margin_loss MultiMarginLoss multi_margin_loss PoissonNLLLoss "
        "poisson_nll_loss SoftMarginLoss soft_margin_loss TripletMargin* triplet_margin_* NLLLoss2d",
    "none of the networks here samples at computed places or in random windows":
        "affine_grid* grid_sample* GRID_SAMPLE_* cudnn_* FractionalMaxPool* fractional_max_pool* conv_tbc",
    "it stands in nn.functional":
        "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d avg_pool1d max_pool1d "
        "max_pool2d max_pool3d adaptive_avg_pool1d adaptive_max_pool1d batch_norm group_norm layer_norm instance_norm "
        "rms_norm dropout* alpha_dropout* feature_dropout* feature_alpha_dropout* prelu embedding pixel_shuffle "
        "pixel_unshuffle channel_shuffle threshold kl_div celu selu hardshrink "
        "binary_cross_entropy_with_logits cosine_similarity pairwise_distance",
    "papers on convolutional networks do not train with it":
        "ASGD Adafactor Muon Rprop SparseAdam swa_utils swap_in_optimizer_params_and_state",
    "it is deprecated in PyTorch too":
        "upsample upsample_bilinear upsample_nearest CrossMapLRN2d nll_loss2d Container constant dirac eye sparse normal "
        "orthogonal uniform kaiming_normal kaiming_uniform xavier_normal xavier_uniform new volatile reinforce",
    "a layer is told its sizes when it is made":
        "Lazy* UninitializedBuffer UninitializedParameter",
    "a run has one process and one device":
        "SyncBatchNorm DataParallel parallel is_distributed get_device record_stream",
    "only the most common operations have an in-place form; write x.copy_(x.f())":
        "*_",
    "strides and memory are chosen by the operations themselves":
        "as_strided* as_subclass channels_last* contiguous_format data_ptr const_data_ptr dim_order empty_permuted "
        "empty_strided from_file frombuffer is_pinned is_shared is_set_to memory_format new_empty_strided pin_memory "
        "preserve_format resize* set_ share_memory* storage* untyped_storage Storage* *Storage type view_as_* "
        "legacy_contiguous_format",
    "it belongs to PyTorch's own machinery":
        "Buffer BufferDict common_types factory_kwargs modules grad_dtype hash_tensor ipu is_cpu is_inference is_ipu "
        "is_maia is_meta is_mps is_mtia is_neg is_vulkan* is_xla is_xpu module_load mtia name output_nr "
        "register_post_accumulate_grad_hook resolve_neg retains_grad unsafe_* xpu miopen_* sym_* assert_int_or_pair "
        "boolean_dispatch handle_torch_function has_torch_function* grouped_mm scaled_grouped_mm scaled_mm fill "
        "scalar_tensor split_with_sizes detach is_floating_point ScalingType SwizzleType DType BroadcastingList* "
        "convolution native_* *_with_indices batch_norm_* norm_except_dim constant_pad_nd unique_dim",
}
"""{reason: names and patterns of what is left out for it}; the first that fits counts."""


class LeftOut(NotImplementedError, AttributeError):
    """A name of PyTorch that this package does not have, with the reason."""


def reason(name: str) -> str | None:
    """Why PyTorch's `name` is left out; None for a name that the list does not know."""
    return next((why for why, patterns in REASONS.items() if any(fnmatchcase(name, p) for p in patterns.split())), None)


def refuse(where: str, name: str, known: Callable[[], list[str]]) -> NoReturn:
    """Raise what asking `where` for a missing `name` raises: LeftOut, or AttributeError with the nearest known name."""
    near: list[str] = []
    if not name.startswith("_"):  # Python and NumPy ask for many such names, and often
        why = reason(name)
        if why:
            raise LeftOut(f"{where}.{name} is left out: {why}")
        near = get_close_matches(name, known(), 1)
    raise AttributeError(f"{where} has no attribute {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))


def guard(where: str, names: dict[str, Any]) -> Callable[[str], Any]:
    """A module's `__getattr__`: `__getattr__ = guard("nn", globals())`."""

    def missing(name: str) -> Any:
        refuse(where, name, lambda: [known for known in names if not known.startswith("_")])

    return missing
