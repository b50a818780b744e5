namespace Tenantry.Model.Wire;

/// <summary>
/// First message (text) of a WebSocket to <c>/v1/instances/{slug}/exec</c>. Binary messages follow in both directions: their first
/// byte is an <see cref="ExecChannel"/>, the rest is data. The server ends with a text message, an <see cref="ExecResponse"/>.
/// </summary>
/// <param name="Command">Program and arguments; no shell is involved.</param>
/// <param name="Service">Inside which service; null for the first.</param>
public sealed record ExecStartRequest(IReadOnlyList<string> Command, string? Service = null);

/// <summary>Last message of the server: exactly one of the two is set.</summary>
/// <param name="ExitCode">Of the command; 128 and the signal's number when a signal ended it.</param>
/// <param name="Problem">Why the command was not run, or not to its end.</param>
public sealed record ExecResponse(int? ExitCode, ProblemResponse? Problem = null);

/// <summary>First byte of a binary message.</summary>
public static class ExecChannel
{
    /// <summary>The WebSocket subprotocol that both sides must name.</summary>
    public const string Protocol = "tenantry.exec.v1";

    /// <summary>To the command. A message without data is the end of its input.</summary>
    public const byte Input = 0;

    /// <summary>From the command's standard output.</summary>
    public const byte Output = 1;

    /// <summary>From the command's standard error.</summary>
    public const byte Error = 2;
}
