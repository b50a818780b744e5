using System.Net;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker;

/// <summary>What the engine's refusals mean. The one place that reads its texts.</summary>
internal static class DockerErrors
{
    /// <summary>The failure for a person.</summary>
    internal static TargetException Explain(EngineException error, string what, ResourceName? resource = null)
    {
        var text = error.Message.Trim().TrimEnd('.');
        return error.Status switch
        {
            null => new TargetException($"The engine cannot be reached: {text}.", retryable: true, resource, "Start it (systemctl start docker), or see `tenantry target check`.", error),
            HttpStatusCode.BadRequest when !IsPassing(text) => new TargetException($"{what}: the engine refuses it: {text}.", retryable: false, resource, cause: error),
            _ => new TargetException($"{what}: {text}.", retryable: true, resource, cause: error),
        };
    }

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

    /// <summary>True when the engine holds what is left of a container's last start, and cannot start it again.</summary>
    internal static bool IsStuck(EngineException error) =>
        error.Message.Contains("task ", StringComparison.OrdinalIgnoreCase) && error.Message.Contains("already exists", StringComparison.OrdinalIgnoreCase);

    /// <summary>True when somebody else is removing it just now.</summary>
    internal static bool IsBeingRemoved(EngineException error) =>
        error.Status == HttpStatusCode.Conflict && error.Message.Contains("removal", StringComparison.OrdinalIgnoreCase);

    // The engine answers 400 for a program that cannot be started too, which another image mends; and for what passes.
    private static bool IsPassing(string text) => text.Contains("timeout", StringComparison.OrdinalIgnoreCase);
}
