namespace Tenantry.Cli.Running;

/// <summary>What a script can branch on: see DESIGN, "What scripts rely on".</summary>
internal enum ExitCode
{
    Done = 0,
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    Conflict = 4,
    NotAllowed = 5,
    TimedOut = 6,
    Unavailable = 7,
    Interrupted = 130,
}
