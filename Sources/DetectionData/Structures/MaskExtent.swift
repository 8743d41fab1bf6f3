/// How many pixels of a mask are inside, and the smallest box around them, gathered run by run.
struct MaskExtent {
    private let width: Int
    private let height: Int
    private var position = 0
    private var isInside = false
    private var (left, right, top, bottom) = (Int.max, -1, Int.max, -1)
    private(set) var area = 0
    /// The current column and the pixel its next one begins at: most runs end in the column they begin in.
    private var column = 0
    private var columnEnd: Int

    init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        columnEnd = height
    }

    /// Takes the next run; the first is outside.
    @inline(__always)
    mutating func take(_ run: Int) {
        if isInside, run > 0 {
            let last = position &+ run &- 1
            moveColumn(to: position)
            let (first, start) = (column, position &- (columnEnd &- height))
            moveColumn(to: last)
            left = min(left, first)
            right = max(right, column)
            // A run over the end of a column touches both edges.
            top = min(top, column == first ? start : 0)
            bottom = max(bottom, column == first ? last &- (columnEnd &- height) : height &- 1)
            area &+= run
        }
        position &+= run
        isInside.toggle()
    }

    @inline(__always)
    private mutating func moveColumn(to pixel: Int) {
        guard pixel >= columnEnd else { return }
        if pixel < columnEnd &+ height {
            column &+= 1
            columnEnd &+= height
        } else {
            column = pixel / height
            columnEnd = (column &+ 1) &* height
        }
    }

    /// Without any pixel inside, a box of no size at the origin.
    var box: (x: Int, y: Int, width: Int, height: Int) {
        right < 0 ? (0, 0, 0, 0) : (left, top, right - left + 1, bottom - top + 1)
    }
}
