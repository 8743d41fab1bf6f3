/// One weight in the layouts that oneDNN asked for, made once per change of the weight.
///
/// A shared head runs on five pyramid levels, forward and backward: without this each use would repack the weight.
package final class WeightPacks {
    private var packs: [Int64: Storage] = [:]
    /// The span in which each layout was packed last.
    private var spans: [Int64: Int] = [:]
    private var hasChanged = false
    /// Packings made so far: stands still while weights do.
    nonisolated(unsafe) package private(set) static var packCount = 0
    /// Of these, the ones a training step can do without: of a weight that never changed, or of one weight into one
    /// layout for a second time within a span.
    nonisolated(unsafe) package private(set) static var avoidablePackCount = 0
    nonisolated(unsafe) private static var span = 0

    package init() {}

    /// Begins a new span, such as a training step, for `avoidablePackCount`.
    package static func beginSpan() { span += 1 }

    /// Forgets all packings; to be called whenever the weight's numbers change.
    package func invalidate() {
        packs.removeAll(keepingCapacity: true)
        hasChanged = true
    }

    func holds(layout: Int64) -> Bool { packs[layout] != nil }

    func packed(layout: Int64, byteCount: Int, pack: (UnsafeMutableRawPointer) -> Void) -> Storage {
        if let found = packs[layout] { return found }
        Self.packCount += 1
        if !hasChanged || spans[layout] == Self.span { Self.avoidablePackCount += 1 }
        spans[layout] = Self.span
        let made = Storage(byteCount: byteCount)
        pack(made.base)
        packs[layout] = made
        return made
    }
}
