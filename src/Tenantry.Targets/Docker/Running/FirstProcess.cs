using System.Globalization;
using System.Text.Json;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Docker.Running;

/// <summary>What a container's first process does about signals.</summary>
/// <param name="engine">The engine.</param>
/// <param name="isHere">True when its processes are this machine's.</param>
internal sealed class FirstProcess(IEngine engine, bool isHere)
{
    // Of another machine's processes the engine's list of them tells, which `ps` makes there.
    private const string Columns = "-eo pid,blocked,ignored,caught";

    /// <summary>True when it has left a signal to the kernel, which never hands it to the first process of a tree. False when that is not known.</summary>
    internal async Task<bool> IsDeafToAsync(ContainerSeen container, int signal, CancellationToken cancellationToken)
    {
        if (isHere)
            return SignalDisposition.IsDefault(container.State.Pid, signal);
        try
        {
            return IsDeaf(await engine.GetAsync($"/containers/{container.Id}/top?ps_args={Uri.EscapeDataString(Columns)}", cancellationToken), container.State.Pid, signal);
        }
        catch (EngineException error) when (error.Status is not null)
        {
            return false;
        }
    }

    /// <summary>The same of the engine's list.</summary>
    internal static bool IsDeaf(JsonElement list, int pid, int signal)
    {
        // Of a container that has just ended there is no list.
        if (list.GetProperty("Processes") is not { ValueKind: JsonValueKind.Array } processes)
            return false;
        var number = pid.ToString(CultureInfo.InvariantCulture);
        foreach (var row in processes.EnumerateArray().Select(row => row.EnumerateArray().Select(cell => cell.GetString() ?? "").ToList()))
        {
            if (row.Count > 1 && row[0] == number)
                return row.Skip(1).All(mask => ulong.TryParse(mask, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var signals) && !SignalDisposition.IsIn(signals, signal));
        }

        return false;
    }
}
