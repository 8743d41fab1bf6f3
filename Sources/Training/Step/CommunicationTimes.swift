/// How long the sums of one step's gradients took on this rank.
package struct CommunicationTimes: Sendable {
    /// Seconds this rank waited after its backward until the slowest rank had ended its own.
    package var apartSeconds = 0.0
    /// Seconds from then until the last sum was there: communication that no backward hid.
    package var exposedSeconds = 0.0
    /// Seconds from the first sum's start to the last one's end.
    package var underWaySeconds = 0.0
}
