internal import COneDNN
internal import COpenBLAS

/// Which implementation serves convolutions and matrix products.
package enum KernelSet: String, CaseIterable, Sendable {
    /// oneDNN, and kernels of our own where they are faster.
    case fast
    /// im2col and OpenBLAS: what the fast ones are tested against, and the way out on a machine without oneDNN's
    /// support or where a result is in doubt.
    case plain

    /// A program chooses it once, at its start.
    nonisolated(unsafe) package static var current = KernelSet.fast

    /// Library versions for `doctor` and checkpoints, one line each.
    package static var libraries: [(name: String, text: String)] {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        cdnnl_version(&major, &minor, &patch)
        let flavour = ["sequential", "pthread", "OpenMP"]
        let threading = Int(cblas_shim_threading())
        return [
            ("oneDNN", "\(major).\(minor).\(patch), \(String(cString: cdnnl_instruction_set()))"),
            (
                "OpenBLAS",
                "\(flavour.indices.contains(threading) ? flavour[threading] : "unknown") flavour, "
                    + "\(String(cString: cblas_shim_core())) kernels"
            ),
        ]
    }

    /// True where OpenBLAS keeps a thread pool of its own beside libgomp's.
    package static var openBLASHasOwnThreads: Bool { cblas_shim_threading() == 1 }
}
