package import Tensors

extension KernelSet {
    /// Runs `body` with this set of kernels.
    package func run<Result>(_ body: () throws -> Result) rethrows -> Result {
        let before = KernelSet.current
        defer { KernelSet.current = before }
        KernelSet.current = self
        return try body()
    }
}

extension ThreadBudget {
    /// Runs `body` with a compute team of this size.
    package static func with<Result>(_ threads: Int, _ body: () throws -> Result) rethrows -> Result {
        let before = count
        defer { count = before }
        count = threads
        return try body()
    }
}
