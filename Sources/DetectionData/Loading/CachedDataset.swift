internal import Synchronization

/// Keeps decoded images in memory up to a number of bytes: small data sets are read hundreds of times.
///
/// The first images to come stay, later ones are decoded each time. Every image comes once an epoch, so making room by
/// throwing older ones out would throw out exactly those that come next.
package final class CachedDataset: Dataset {
    private struct Store: Sendable {
        var samples: [Int: Sample] = [:]
        var byteCount = 0
    }

    private let base: any Dataset
    private let byteLimit: Int
    private let store = Mutex(Store())

    /// - byteLimit: of pixels; 0 keeps nothing.
    package init(_ base: some Dataset, byteLimit: Int) {
        self.base = base
        self.byteLimit = byteLimit
    }

    package var count: Int { base.count }

    package func imageID(at index: Int) -> Int { base.imageID(at: index) }

    package func size(at index: Int) -> (width: Int, height: Int) { base.size(at: index) }

    package func sample(at index: Int) throws(DataError) -> Sample {
        if let known = store.withLock({ $0.samples[index] }) { return known }
        let sample = try base.sample(at: index)
        store.withLock { store in
            let byteCount = sample.image.pixels.count
            // Two threads may have decoded the same image.
            guard store.samples[index] == nil, store.byteCount + byteCount <= byteLimit else { return }
            store.samples[index] = sample
            store.byteCount += byteCount
        }
        return sample
    }
}
