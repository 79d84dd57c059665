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
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn

REASONS: dict[str, str] = {
    "networks for sequences are no convolutional networks":
        "GRU* gru* LSTM* lstm* RNN* rnn_* Transformer* MultiheadAttention multi_head_attention_forward attention "
        "scaled_dot_product_attention CTCLoss ctc_loss EmbeddingBag embedding_bag embedding_renorm_ "
        "AdaptiveLogSoftmaxWithLoss LinearCrossEntropy* linear_cross_entropy",
    "there are no complex numbers and no Fourier transforms":
        "angle cdouble cfloat chalf complex* conj* fft imag is_conj isreal istft polar real resolve_conj stft "
        "view_as_complex* view_as_real* vdot adjoint H mH",
    "there are six dtypes: float32, float64, int64, int32, uint8 and bool":
        "bfloat16 float16 short char int8 int16 int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 "
        "uint6 uint7 uint16 uint32 uint64 bits* bit float4_* float8_* *autocast* amp_* CharTensor ShortTensor "
        "HalfTensor BFloat16Tensor",
    "tensors are dense: neither sparse, nor quantized, nor nested":
        "*sparse* *csr* *csc* *coo* *bsr* *bsc* *quantize* q_* int_repr qscheme qint* quint* "
        "coalesce is_coalesced values crow_indices col_indices ccol_indices row_indices dense_dim sspaddmm "
        "hsmm hspmm saddmm spmm dsmm nested* is_nested to_padded_tensor jagged choose_qparams_optimized "
        "fused_moving_avg_obs_fake_quant to_dense fbgemm_* per_channel_* per_tensor_* *_copy mkldnn_* is_mkldnn to_mkldnn "
        "smm",
    "numpy.linalg has the decompositions; take x.numpy()":
        "cholesky* det eig geqrf inverse linalg lobpcg logdet lstsq lu lu_* matrix_exp matrix_power matrix_rank "
        "nuclear_norm frobenius_norm orgqr ormqr pca_lowrank pinverse qr slogdet solve svd svd_lowrank symeig "
        "triangular_solve chain_matmul kron cross vander cov corrcoef addbmm*",
    "it is a special function that convolutional networks do not use":
        "digamma* i0* igamma* lgamma* mvlgamma* polygamma* special sinc* xlogy* nextafter* frexp "
        "ldexp* copysign* signbit heaviside* gcd* lcm* bitwise_left_shift* bitwise_right_shift* "
        "float_power* sgn sgn_ logaddexp2 arccosh* arcsinh* arctanh* isneginf isposinf rrelu_ "
        "gumbel_softmax",
    "it is rarely met in convolutional networks; compose it from other operations":
        "bucketize block_diag cartesian_prod combinations cummax cummin cumulative_trapezoid dist "
        "histogram* index_reduce* is_same_size logcumsumexp mode nanmedian nanquantile "
        "narrow_copy *_scatter segment_reduce put put_ quantile renorm* searchsorted trapezoid "
        "trapz tril_indices triu_indices unique_consecutive unravel_index diagflat map_ map2_ apply_ pdist bilinear "
        "Bilinear range cauchy_ "
        "exponential_ geometric_ log_normal_ binomial poisson nonzero_static slice_inverse sum_to_size bartlett_window "
        "blackman_window hamming_window hann_window kaiser_window is_nonzero",
    "none of the networks here samples at computed places or in random windows":
        "affine_grid_generator grid_sampler* GRID_SAMPLE_* cudnn_* FractionalMaxPool* fractional_max_pool* conv_tbc",
    "papers on convolutional networks do not train with it":
        "ASGD Adafactor Muon Rprop SparseAdam swap_in_optimizer_params_and_state",
    "it is deprecated in PyTorch too":
        "NLLLoss2d CrossMapLRN2d Container volatile reinforce clip_grad_norm",
    "a run has one process and one device":
        "DistributedDataParallel is_distributed DistributedSampler record_stream",
    "only the most common operations have an in-place form; write x.copy_(x.f())":
        "*_",
    "strides and memory are chosen by the operations themselves":
        "as_strided* as_subclass data_ptr const_data_ptr dim_order empty_permuted empty_strided from_file frombuffer is_shared "
        "is_set_to new_empty_strided set_ share_memory storage* untyped_storage Storage* *Storage view_as_* "
        "legacy_contiguous_format convert_conv*_memory_format",
    "it belongs to PyTorch's own machinery":
        "Buffer BufferDict UninitializedBuffer factory_kwargs grad_dtype hash_tensor ipu is_inference is_ipu is_maia is_mtia "
        "is_neg is_vulkan* is_xla module_load mtia name output_nr register_post_accumulate_grad_hook resolve_neg retains_grad "
        "unsafe_* xpu miopen_* sym_* assert_int_or_pair boolean_dispatch handle_torch_function has_torch_function* grouped_mm "
        "scaled_grouped_mm scaled_mm fill ScalingType SwizzleType BroadcastingList* convolution native_* "
        "*_with_indices batch_norm_* norm_except_dim constant_pad_nd unique_dim T_destination call_super_init dump_patches "
        "Optimizer*Hook profile_hook_step NestedIOFunction set_multithreading_enabled enforce_grad_layout_policy variable "
        "type_before_parametrizations transfer_parametrizations_and_params thread_safe_generator",
}
"""{reason: names and patterns of what is left out everywhere}; the first that fits counts."""

PLACES: dict[str, dict[str, str]] = {
    "tinygrad_cnn": {
        "it stands in nn.functional":
            "batch_norm instance_norm rms_norm embedding kl_div binary_cross_entropy_with_logits feature_dropout*",
        "write it as a method, x.f_()": "*_",
        "it is compiled, exported or distributed code of PyTorch's own":
            "*Type Script* Sym* *Module *Error* *Logger* *Exception *Dispatch* *Torch* *PyTorch* Serialization* Deser* "
            "Benchmark* ThroughputBenchmark parse_* import_ir_* merge_type_* unify_type_list Execution* AVG SUM "
            "AggregationType AliasDb Argument* Block CallStack Capsule Code CompilationUnit CompleteArgumentSpec "
            "Concrete* DeepCopyMemoTable DeviceObjType FileCheck FunctionSchema Future Gradient Graph* IODescriptor "
            "ModuleDict Node OperatorInfo ParameterDict StreamObjType Tag TracingState Type Use Value cond cpp export "
            "fork wait vmap while_loop is_storage init_num_threads Event Stream get_device_module OutOfMemoryError",
        "it says how PyTorch was built, or computes":
            "has_* get_num_interop_threads set_num_interop_threads *deterministic_debug_mode *warn* *anomaly* "
            "is_inference_mode_enabled",
        "it is a method": "get_device",
        "it is rarely met in convolutional networks; compose it from other operations": "gradient",
        "there are six dtypes: float32, float64, int64, int32, uint8 and bool": "half",
    },
    "Tensor": {"it is deprecated in PyTorch too": "resize resize_as",
               "it stands in nn.functional": "hardshrink prelu",
               "tensors are dense: neither sparse, nor quantized, nor nested": "indices",
               "it is rarely met in convolutional networks; compose it from other operations": "bernoulli"},
    "cuda": {
        "there is one GPU and one stream of work on it":
            "*Stream* *stream* CUDAGraph* graph* *graphed* is_current_stream_capturing device device_of "
            "can_device_access_peer *_all ExternalStream GreenContext ipc_collect",
        "of memory, memory_allocated and memory_reserved are counted":
            "*memory* MemPool *allocat* mem_get_info *Allocator use_mem_pool",
        "it tells of the GPU what the maker's own tools tell": "*properties *capability* *list power_draw temperature "
            "utilization clock_rate list_gpu_processes get_gencode_flags is_bf16_supported is_tf32_supported has_*",
        "it belongs to PyTorch's own machinery": "*Error* cuda* check_error classproperty current_blas_handle "
            "current_solver_handle init *sync_debug_mode",
    },
    "nn.functional": {"only the most common operations have an in-place form; write x.copy_(x.f())": "*_"},
    "utils.data": {"samples are read by one process, from datasets": "*DataPipe DataChunk argument_validation runtime_* "
                   "functional_datapipe guaranteed_* non_deterministic"},
    "nn.utils.parametrizations": {"numpy.linalg has the decompositions; take x.numpy()": "orthogonal"},
    "random": {"it stands in the package itself": "get_rng_state set_rng_state"},
}
"""{namespace: {reason: names and patterns}}: what is left out there, though it may stand elsewhere."""


class LeftOut(NotImplementedError, AttributeError):
    """A name of PyTorch that this package does not have, with the reason."""


def reason(name: str, where: str = "") -> str | None:
    """Why PyTorch's `name` is left out, in the namespace `where` or everywhere; None for a name that the lists do not know."""
    lists = (PLACES.get(where, {}), REASONS)
    return next((why for reasons in lists for why, patterns in reasons.items()
                 if any(fnmatchcase(name, p) for p in patterns.split())), None)


def refuse(where: str, name: str, known: Callable[[], list[str]]) -> NoReturn:
    """Raise what asking `where` for a missing `name` raises: LeftOut, or AttributeError with the nearest known name."""
    near: list[str] = []
    if not name.startswith("_"):  # Python and NumPy ask for many such names, and often
        why = reason(name, where)
        if why:
            raise LeftOut(f"{where}.{name} is left out: {why}")
        near = get_close_matches(name, known(), 1)
    raise AttributeError(f"{where} has no attribute {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))


def guard(where: str, names: dict[str, Any]) -> Callable[[str], Any]:
    """A module's `__getattr__`: `__getattr__ = guard("nn", globals())`.

    A file of a package that nothing has imported yet, as `tg.data`, is imported when it is asked for; all else is refused.
    """
    package: str = names["__name__"]

    def missing(name: str) -> Any:
        if "__path__" in names and not name.startswith("_") and find_spec(f"{package}.{name}"):
            return import_module(f"{package}.{name}")
        refuse(where, name, lambda: [known for known in names if not known.startswith("_")])

    return missing
