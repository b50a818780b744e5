using Tenantry.Model.Wire;

namespace Tenantry.Cli.Running;

/// <summary>A command cannot go on. The message says what failed and why, <see cref="Fix"/> what to do.</summary>
internal sealed class CliException(ExitCode code, string message, string? fix = null, IReadOnlyList<ProblemError>? errors = null)
    : Exception(message)
{
    public ExitCode Code { get; } = code;

    public string? Fix { get; } = fix;

    public IReadOnlyList<ProblemError> Errors { get; } = errors ?? [];
}
