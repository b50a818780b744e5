using System.Net;
using System.Net.Sockets;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Running;

/// <summary>A failure as it is shown: to people as sentences, to programs as the JSON object <c>error</c>.</summary>
internal sealed record Failure(ExitCode ExitCode, string Code, string Message, string? Fix, IReadOnlyList<ProblemError> Errors, string? RequestId = null)
{
    /// <summary>True when the message is made of the errors already.</summary>
    public bool ErrorsAreMessage { get; init; }

    /// <summary>What an exception means to the person who called; null when it is a fault of this program.</summary>
    public static Failure? Of(Exception exception) => exception switch
    {
        CliException e => new(e.Code, Word(e.Code), e.Message, e.Fix, e.Errors),
        TenantryException e => Of(e),
        TenantryUnavailableException e => Of(e),
        OperationCanceledException => new(ExitCode.Interrupted, Word(ExitCode.Interrupted), "Interrupted.", null, []),
        UnauthorizedAccessException e => new(ExitCode.NotAllowed, Word(ExitCode.NotAllowed), e.Message, null, []),
        IOException e => new(ExitCode.Failed, Word(ExitCode.Failed), e.Message, null, []),
        _ => null,
    };

    /// <summary>The name of an exit code, as programs see it.</summary>
    public static string Word(ExitCode code) => code switch
    {
        ExitCode.Done => "done",
        ExitCode.Failed => "failed",
        ExitCode.Usage => "usage",
        ExitCode.NotFound => "not-found",
        ExitCode.Conflict => "conflict",
        ExitCode.NotAllowed => "not-allowed",
        ExitCode.TimedOut => "timed-out",
        ExitCode.Unavailable => "unavailable",
        ExitCode.Interrupted => "interrupted",
        _ => "failed",
    };

    private static Failure Of(TenantryException e)
    {
        var code = e.Status switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ExitCode.NotAllowed,
            HttpStatusCode.NotFound => ExitCode.NotFound,
            HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed => ExitCode.Conflict,
            HttpStatusCode.RequestTimeout or HttpStatusCode.GatewayTimeout => ExitCode.TimedOut,
            HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable => ExitCode.Unavailable,
            HttpStatusCode.NotImplemented => ExitCode.Failed,
            >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError => ExitCode.Usage,
            _ => ExitCode.Failed,
        };
        var fix = e.Status == HttpStatusCode.Unauthorized
            ? "Put a token into TENANTRY_TOKEN: on the control plane's machine, 'tenantry token create NAME' makes one."
            : null;
        return new(code, e.Code.Length > 0 ? e.Code : Word(code), e.Message, fix, e.Errors, e.Problem.RequestId);
    }

    private static Failure Of(TenantryUnavailableException e)
    {
        if (e.GetBaseException() is SocketException { SocketErrorCode: SocketError.AccessDenied })
            return new(ExitCode.NotAllowed, Word(ExitCode.NotAllowed), $"Not allowed to use {e.Address}.", "Call tenantry as the user who runs the control plane, or over HTTP with TENANTRY_SERVER and TENANTRY_TOKEN.", []);
        var fix = e.NotConnected
            ? "Start one with 'tenantry serve', or say where it is with --data, --server, TENANTRY_DATA or TENANTRY_SERVER."
            : null;
        var message = e.NotConnected ? $"No control plane answers at {e.Address}." : e.Message;
        return new(ExitCode.Unavailable, Word(ExitCode.Unavailable), message, fix, []);
    }
}
