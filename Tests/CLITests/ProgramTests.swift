import Testing

/// Everything that starts the built program. One run at a time: several ranks want the machine for themselves.
@Suite(.serialized) enum ProgramTests {}
