internal import Foundation

/// What sums over ranks cost on a cluster, by latency and bandwidth.
package struct CommunicationModel: Sendable {
    /// Cores whose copying a host's memory serves at the full rate of one.
    private static let fullRateCoreCount = 4

    package let hostCount: Int
    package let ranksPerHost: Int
    /// Seconds of a short message between hosts, one way.
    package let latencySeconds: Double
    /// What a host sends to the next while it receives as much.
    package let bytesPerSecond: Double
    /// What one core copies: bytes read in a second, while as many are written.
    package let copyBytesPerSecond: Double
    package let payload: PayloadType

    package init(
        hostCount: Int, ranksPerHost: Int, latencySeconds: Double, bytesPerSecond: Double,
        copyBytesPerSecond: Double, payload: PayloadType
    ) {
        self.hostCount = hostCount
        self.ranksPerHost = ranksPerHost
        self.latencySeconds = latencySeconds
        self.bytesPerSecond = bytesPerSecond
        self.copyBytesPerSecond = copyBytesPerSecond
        self.payload = payload
    }

    /// Seconds of a sum of `byteCount` bytes inside a host: every rank reads and writes as much once.
    package func secondsInside(_ byteCount: Int) -> Double {
        guard ranksPerHost > 1 else { return 0 }
        let coresAtOnce = Double(min(ranksPerHost, Self.fullRateCoreCount))
        return Double(byteCount) * Double(ranksPerHost) / (copyBytesPerSecond * coresAtOnce)
    }

    /// Seconds of the rings between the hosts: 2 (H - 1) messages of a H-th each, all of a host through one link.
    package func secondsBetween(_ byteCount: Int) -> Double {
        guard hostCount > 1 else { return 0 }
        let sent = Double(byteCount) * Double(payload.byteCount) / 4
        let messages = 2 * Double(hostCount - 1)
        return messages / Double(hostCount) * sent / bytesPerSecond + messages * latencySeconds
    }

    /// Seconds of a sum of a few numbers: a tree there and back.
    package var secondsOfSmallSum: Double {
        2 * ceil(log2(Double(max(1, hostCount)))) * latencySeconds
    }

    /// Seconds of communication that a step waits for.
    ///
    /// Sums inside a host are the ranks' own work and hidden by nothing; messages between hosts travel while backward
    /// runs, but for those of the last bucket.
    /// - backwardSeconds: of the last micro-batch.
    package func exposedSeconds(
        byteCount: Int, bucketByteCount: Int, backwardSeconds: Double, smallSumCount: Int
    ) -> Double {
        let between = max(
            secondsBetween(byteCount) - backwardSeconds, secondsBetween(min(byteCount, bucketByteCount)))
        return secondsInside(byteCount) + between + Double(smallSumCount) * secondsOfSmallSum
    }
}
