import Testing

/// Everything that starts the built program. One run at a time: ranks want the machine to themselves.
@Suite(.serialized) enum ProgramTests {}
