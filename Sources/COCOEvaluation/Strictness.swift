/// What becomes of data that the evaluation cannot use.
package enum Strictness: Sendable {
    /// The first unknown image, repeated annotation id, number that is not finite or negative size is an
    /// error.
    case strict
    /// They are counted and left out.
    case lenient
}
