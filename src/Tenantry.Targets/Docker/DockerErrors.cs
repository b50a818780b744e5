using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker;

/// <summary>What the engine's refusals mean. The one place that reads its texts.</summary>
internal static class DockerErrors
{
    private static readonly string[] Alerts = ["alert bad certificate", "alert certificate required", "alert unknown ca", "alert certificate unknown", "alert certificate expired", "alert unsupported certificate", "alert handshake failure"];

    private static readonly string[] Passing =
    [
        "timeout", "timed out", "deadline exceeded", "context canceled", "connection refused", "connection reset", "no such host", "network is unreachable", "no route to host", "temporary failure",
        "could not resolve", "toomanyrequests", "unexpected http status", "unexpected eof", "cannot allocate memory", "device or resource busy",
    ];

    /// <summary>The failure for a person.</summary>
    internal static TargetException Explain(EngineException error, string what, ResourceName? resource = null, string? target = null)
    {
        var text = error.Message.Trim().TrimEnd('.');
        return error.Status switch
        {
            null => new TargetException($"{what}: the engine cannot be reached: {text}.", retryable: true, resource, $"Start it (systemctl start docker){(target is null ? "" : $"; 'tenantry target check {target}' tells more")}.", error),
            HttpStatusCode.BadRequest when !IsPassing(text) => new TargetException($"{what}: the engine refuses it: {text}.", retryable: false, resource, cause: error),
            _ => new TargetException($"{what}: {text}.", retryable: true, resource, cause: error, fault: FaultOf(text)),
        };
    }

    /// <summary>Why a socket on this machine does not answer.</summary>
    internal static string Unreached(string path, SocketException error) => error.SocketErrorCode switch
    {
        SocketError.AddressNotAvailable => $"there is no socket {path}",
        SocketError.ConnectionRefused => $"nobody listens on {path}",
        SocketError.AccessDenied => $"this user may not use {path}",
        _ => $"{path}: {error.Message}",
    };

    /// <summary>True when the wanted subnet is taken.</summary>
    internal static bool IsSubnetTaken(EngineException error) =>
        error.Message.Contains("overlaps", StringComparison.OrdinalIgnoreCase) || error.Message.Contains("already in use", StringComparison.OrdinalIgnoreCase);

    /// <summary>True when a network with that very bridge is there or being made: bridges are named for their instances, so it is the same one.</summary>
    internal static bool IsBeingMade(EngineException error) =>
        error.Message.Contains("same bridge name", StringComparison.OrdinalIgnoreCase) || error.Message.Contains("already exists", StringComparison.OrdinalIgnoreCase);

    /// <summary>True when a thing of that name is there already.</summary>
    internal static bool IsThere(EngineException error) => error.Status == HttpStatusCode.Conflict;

    /// <summary>True when it is not there.</summary>
    internal static bool IsGone(EngineException error) => error.Status == HttpStatusCode.NotFound;

    /// <summary>
    /// True when a container could not be started and one made anew may be: the engine holds what is left of its last start or its network, or is
    /// about to remove it. Not for a program that cannot be started, which stays so.
    /// </summary>
    internal static bool MayBeMendedByANewContainer(EngineException error) => error.Status is not (null or HttpStatusCode.BadRequest);

    /// <summary>True when a network is held by what is connected to it.</summary>
    internal static bool IsInUse(EngineException error) => error.Message.Contains("active endpoints", StringComparison.OrdinalIgnoreCase);

    /// <summary>True when somebody else is removing it just now.</summary>
    internal static bool IsBeingRemoved(EngineException error) =>
        error.Status == HttpStatusCode.Conflict && error.Message.Contains("removal", StringComparison.OrdinalIgnoreCase);

    /// <summary>True when output may be the engine's word that it could not start a command.</summary>
    internal static bool MayBeExecRefusal(ReadOnlySpan<byte> output) => output.StartsWith("OCI runtime exec failed: "u8);

    /// <summary>What a command ends with that the engine could not start, with the reason, as in a shell; null when that is not for its program.</summary>
    internal static (int Code, string Sentence)? ExecEnd(string said, string program, string? service)
    {
        if (said.Contains("executable file not found", StringComparison.Ordinal) || said.Contains("no such file or directory", StringComparison.Ordinal))
            return (ExecRequest.NoProgram, $"There is no program {program} in the service {service} that can be run.");
        foreach (var why in (string[])["permission denied", "exec format error", "is a directory"])
        {
            if (said.Contains(why, StringComparison.Ordinal))
                return (ExecRequest.NotRunnable, $"The program {program} in the service {service} cannot be run: {why}.");
        }

        return null;
    }

    /// <summary>What it means that a connection could not be made secret, in words.</summary>
    internal static string TlsRefusal(Exception error) => TlsAlert(error)
        ?? (error is AuthenticationException ? $"no secret connection could be made: {error.GetBaseException().Message}" : "it speaks no TLS, or ended the connection at once");

    /// <summary>What the engine says of our certificate, in words; null when it says nothing of it.</summary>
    internal static string? TlsAlert(Exception error)
    {
        for (var at = (Exception?)error; at is not null; at = at.InnerException)
        {
            if (Alerts.Any(alert => at.Message.Contains(alert, StringComparison.OrdinalIgnoreCase)))
                return "the engine does not accept our certificate: it is not of the authority that the engine asks for, or has ended";
        }

        return null;
    }

    /// <summary>
    /// True when a build or a load failed by something that may not be there the next time: the network, a registry, the disk, another's work. Else the fault lies in
    /// what is built or loaded.
    /// </summary>
    internal static bool IsInTheWay(string text) => IsFull(text) || Passing.Any(part => text.Contains(part, StringComparison.OrdinalIgnoreCase));

    /// <summary>Where the fault of what the engine tells lies.</summary>
    internal static TargetFault FaultOf(string text) => IsFull(text) ? TargetFault.Space : TargetFault.Target;

    // The engine answers 400 for a program that cannot be started too, which another image mends; and for what passes.
    private static bool IsPassing(string text) => text.Contains("timeout", StringComparison.OrdinalIgnoreCase);

    private static bool IsFull(string text) => text.Contains("no space left on device", StringComparison.OrdinalIgnoreCase) || text.Contains("disk quota exceeded", StringComparison.OrdinalIgnoreCase);
}
