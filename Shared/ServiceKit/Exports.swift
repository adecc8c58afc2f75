// The small vocabulary that a use case file needs beside ServiceKit's own: two imports suffice.
@_exported import struct Foundation.Data
@_exported import struct Foundation.Date
@_exported import struct Foundation.UUID
@_exported import class EventLog.Bell
@_exported import struct EventLog.Envelope
@_exported import struct EventLog.NotYet
@_exported import enum Sealing.SealingFault
@_exported import struct Sealing.SubjectKey
@_exported import struct Postgres.Migration
@_exported import struct Postgres.PostgresError
@_exported import struct Postgres.Row
@_exported import struct Postgres.Rows
@_exported import struct Postgres.SQL
@_exported import protocol Postgres.Session
@_exported import protocol ServiceLifecycle.Service
