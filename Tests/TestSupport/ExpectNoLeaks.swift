internal import Tensors
package import Testing

/// Fails unless as many blocks of tensor memory live after `body` as before it.
///
/// The body runs twice and the second time is judged: what the first one leaves in caches is meant to stay.
package func expectNoLeaks(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) rethrows {
    try body()
    let before = BufferPool.shared.liveBlockCount
    try body()
    let after = BufferPool.shared.liveBlockCount
    if after != before {
        Issue.record("\(after) blocks live after, \(before) before", sourceLocation: sourceLocation)
    }
}
