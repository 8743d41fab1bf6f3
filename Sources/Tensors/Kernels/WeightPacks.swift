/// One weight in the layouts that oneDNN asked for, made once per change of the weight.
///
/// A shared head runs on five pyramid levels, forward and backward: without this each use would repack the weight.
package final class WeightPacks {
    private var packs: [Int64: Storage] = [:]
    /// Packings made so far: stands still while weights do.
    nonisolated(unsafe) package private(set) static var packCount = 0

    package init() {}

    /// Forgets all packings; to be called whenever the weight's numbers change.
    package func invalidate() { packs.removeAll(keepingCapacity: true) }

    func packed(layout: Int64, byteCount: Int, pack: (UnsafeMutableRawPointer) -> Void) -> Storage {
        if let found = packs[layout] { return found }
        Self.packCount += 1
        let made = Storage(byteCount: byteCount)
        pack(made.base)
        packs[layout] = made
        return made
    }
}
