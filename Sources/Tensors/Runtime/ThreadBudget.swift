internal import CThreading

/// Threads of this process's compute team, shared by the kernels here, oneDNN and OpenBLAS.
package enum ThreadBudget {
    /// Cores this process may run on: those it is bound to.
    package static var usableCoreCount: Int { Int(cthreading_usable_core_count()) }

    package static var count: Int {
        get { Int(cthreading_thread_count()) }
        set {
            precondition(newValue >= 1 && newValue <= 4096, "\(newValue) threads")
            cthreading_set_thread_count(Int32(newValue))
        }
    }
}
