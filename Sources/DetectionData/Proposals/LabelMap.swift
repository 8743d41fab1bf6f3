/// A segmentation: one label per pixel, labels 0..<regionCount in the order in which rows first meet them.
package struct LabelMap: Sendable, Equatable {
    package let width: Int
    package let height: Int
    package let regionCount: Int
    /// `width * height` labels, row by row.
    package let labels: [Int32]
}
