/// A reduction under way; dropping it before it is done traps, because its buffer would change under the
/// owner.
package struct PendingReduction: ~Copyable {
    private let state: ReductionState
    /// nil for a process alone.
    private let communicator: MPICommunicator?

    init(_ state: ReductionState, on communicator: MPICommunicator) {
        self.state = state
        self.communicator = communicator
    }

    /// A reduction that had nothing to do.
    init(finished label: String) {
        state = ReductionState(finished: label)
        communicator = nil
    }

    package var label: String { state.label }

    /// Moves all reductions under way as far as they can go now; true once this one is done.
    package borrowing func poll() throws(CollectiveError) -> Bool {
        try communicator?.progress()
        return state.isFinished
    }

    /// Returns once the buffer holds the sum.
    /// - deadlineSeconds: nil for the communicator's default.
    /// - Throws: kind `deadline` past it; the communicator is then broken and keeps the buffer.
    package consuming func wait(deadlineSeconds: Double? = nil) throws(CollectiveError) {
        try communicator?.wait(for: state, deadlineSeconds: deadlineSeconds)
    }

    /// Gives up, for the way out after another error: the communicator is broken and keeps the buffer.
    package consuming func abandon() {
        if !state.isFinished { communicator?.breakOff(because: "reduction '\(state.label)' was abandoned") }
        state.isAbandoned = true
    }

    deinit {
        precondition(
            state.isFinished || state.isAbandoned,
            "reduction '\(state.label)' dropped before it was waited for")
    }
}
