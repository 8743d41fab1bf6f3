/// The names that a pickle of weights may mention. None of them is ever looked up or called: each stands for
/// a fixed piece of this reader, and a name that is not here ends the reading.
enum PickleGlobal: Equatable {
    case orderedDictionary
    /// `torch._utils._rebuild_tensor`, its second version, and the wrapper of parameters.
    case rebuildTensor, rebuildParameter
    case storage(SafetensorsDType)
    case size
    case arrayReconstruct, arrayFromBuffer, arrayType, elementType, scalar
    case encode
    /// A class whose instances stand beside the weights and are not looked at.
    case inert
    /// `getattr` on an inert class, as Python writes a class's function.
    case attribute

    /// - path: module and name, joined by a dot.
    init?(path: String) {
        if let known = Self.known[path] {
            self = known
        } else if Self.inertNames.contains(path) || path.hasPrefix(Self.inertPrefix) {
            self = .inert
        } else {
            return nil
        }
    }

    private static let known: [String: PickleGlobal] = [
        "collections.OrderedDict": .orderedDictionary,
        "torch._utils._rebuild_tensor": .rebuildTensor,
        "torch._utils._rebuild_tensor_v2": .rebuildTensor,
        "torch._utils._rebuild_parameter": .rebuildParameter,
        "torch.Size": .size,
        "torch.DoubleStorage": .storage(.float64), "torch.FloatStorage": .storage(.float32),
        "torch.HalfStorage": .storage(.float16), "torch.BFloat16Storage": .storage(.bfloat16),
        "torch.LongStorage": .storage(.int64), "torch.IntStorage": .storage(.int32),
        "torch.ShortStorage": .storage(.int16), "torch.CharStorage": .storage(.int8),
        "torch.ByteStorage": .storage(.uint8), "torch.BoolStorage": .storage(.bool),
        "numpy.core.multiarray._reconstruct": .arrayReconstruct,
        "numpy._core.multiarray._reconstruct": .arrayReconstruct,
        "numpy.core.multiarray.scalar": .scalar,
        "numpy._core.multiarray.scalar": .scalar,
        "numpy.core.numeric._frombuffer": .arrayFromBuffer,
        "numpy._core.numeric._frombuffer": .arrayFromBuffer,
        "numpy.ndarray": .arrayType,
        "numpy.dtype": .elementType,
        "_codecs.encode": .encode,
        "builtins.getattr": .attribute, "__builtin__.getattr": .attribute,
    ]

    /// Schedules of optimizers, which some runs keep as objects.
    private static let inertPrefix = "torch.optim."

    /// What training programs write beside their weights: options (DETR, PixPro), configurations (Swin,
    /// SimMIM, detectron2), logs (MMEngine), times, and plain containers.
    private static let inertNames: Set<String> = [
        "argparse.Namespace", "yacs.config.CfgNode", "fvcore.common.config.CfgNode",
        "detectron2.config.config.CfgNode", "mmengine.logging.history_buffer.HistoryBuffer",
        "mmengine.config.config.ConfigDict", "mmcv.utils.config.ConfigDict", "addict.addict.Dict",
        "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib._local.PosixPath",
        "datetime.datetime", "datetime.timedelta", "datetime.date",
        "collections.defaultdict", "collections.Counter", "collections.deque",
        "torch.device", "torch.float32", "torch.float16", "torch.bfloat16", "torch.float64", "torch.int64",
        "torch.int32", "torch.uint8", "torch.bool",
        "builtins.set", "builtins.frozenset", "builtins.list", "builtins.dict", "builtins.tuple",
        "builtins.int", "builtins.float", "builtins.str", "builtins.bool", "builtins.bytes",
        "builtins.bytearray",
        "builtins.complex", "builtins.slice", "builtins.range", "builtins.object",
        "__builtin__.set", "__builtin__.frozenset", "__builtin__.list", "__builtin__.dict",
        "__builtin__.object",
        "__builtin__.int", "__builtin__.float", "__builtin__.str", "__builtin__.bool",
        "__builtin__.bytearray",
        "copyreg._reconstructor", "copy_reg._reconstructor",
    ]
}
