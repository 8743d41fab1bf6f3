/// Sizes of a Swin transformer.
/// - Source: Liu et al. 2021, section 3.3; window 7 as in MMDetection, head width 32.
package struct SwinShape: Sendable, Equatable {
    /// Channels of the first stage; each further one has twice as many.
    package let width: Int
    /// Blocks of each of the four stages.
    package let depths: [Int]
    /// Of each stage.
    package let headCounts: [Int]
    /// Pixels along each side of a window.
    package let window: Int

    package init(width: Int, depths: [Int], headCounts: [Int], window: Int) {
        precondition(depths.count == 4 && headCounts.count == 4, "\(depths) blocks, \(headCounts) heads")
        (self.width, self.depths, self.headCounts, self.window) = (width, depths, headCounts, window)
    }

    package static let tiny = SwinShape(
        width: 96, depths: [2, 2, 6, 2], headCounts: [3, 6, 12, 24], window: 7)
    package static let small = SwinShape(
        width: 96, depths: [2, 2, 18, 2], headCounts: [3, 6, 12, 24], window: 7)
    package static let base = SwinShape(
        width: 128, depths: [2, 2, 18, 2], headCounts: [4, 8, 16, 32], window: 7)
    package static let large = SwinShape(
        width: 192, depths: [2, 2, 18, 2], headCounts: [6, 12, 24, 48], window: 7)

    var blockCount: Int { depths.reduce(0, +) }
}
