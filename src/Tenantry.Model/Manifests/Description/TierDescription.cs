using System.Text.Json.Nodes;
using Tenantry.Model.Manifests.Checks;
using Tenantry.Model.Manifests.Shapes;

namespace Tenantry.Model.Manifests.Description;

/// <summary>The keys of a tier.</summary>
internal static class TierDescription
{
    private const int Many = 1_000_000;

    private static readonly Shape<RequestRate> Rate = new TextShape<RequestRate>(
        "a rate such as 100/s, 600/m or 5000/h", ParseRate,
        () => new JsonObject { ["type"] = "string", ["pattern"] = "^[1-9][0-9]{0,6}/[smh]$" }, _ => null);

    private static readonly ObjectShape<RequestLimits> Requests = new ObjectShape<RequestLimits>("a mapping of request limits", new())
        .Optional("concurrency", Values.Whole(1, Many), (r, v) => r with { Concurrency = v }, "Requests in flight at once.")
        .Optional("bodySize", Values.Size, (r, v) => r with { BodySize = v }, "Size of a request's body; a larger one is refused with 413.")
        .Optional("rate", Rate, (r, v) => r with { Rate = v }, "Requests per second, minute or hour; more are refused with 429.")
        .Optional("burst", Values.Whole(1, Many), (r, v) => r with { Burst = v }, "Requests that may come at once after a pause; as many as the rate counts unless said.")
        .Optional("idleTimeout", Values.Duration, (r, v) => r with { IdleTimeout = v }, "A connection on which nothing moves for this long is closed.")
        .Optional("totalTimeout", Values.Duration, (r, v) => r with { TotalTimeout = v }, "A request that takes longer is ended; a WebSocket is not. Without it an answer has to begin within 5 minutes.");

    private static readonly ObjectShape<LlmLimit> Llm = new ObjectShape<LlmLimit>("a mapping with the key limit", new() { Limit = 0 })
        .Required("limit", Values.Money, (l, v) => l with { Limit = v }, "US dollars that the instance's LLM key may spend.")
        .Key("reset", Values.Word<LlmReset>(), l => l.Reset, (l, v) => l with { Reset = v }, "When the spending counts from zero again.")
        .Key("disableAsleep", Values.Flag, l => l.DisableAsleep, (l, v) => l with { DisableAsleep = v }, "Whether the key is disabled while the instance is asleep.");

    private static readonly ObjectShape<TierQuotas> Quotas = new ObjectShape<TierQuotas>("a mapping of quotas", new())
        .Optional("instances", Values.Whole(1, Many), (q, v) => q with { Instances = v }, "Instances of the tier that one tenant may have.")
        .Optional("awake", Values.Whole(1, Many), (q, v) => q with { Awake = v }, "Of those, how many may be awake at the same time.")
        .Optional("cpu", Values.Cores, (q, v) => q with { Cpu = v }, "Cores of all of them together.")
        .Optional("memory", Values.Size, (q, v) => q with { Memory = v }, "Memory of all of them together.")
        .Optional("disk", Values.Size, (q, v) => q with { Disk = v }, "Disk of all of them together.");

    public static Shape<TierDefinition> Tier { get; } = new ObjectShape<TierDefinition>("a mapping that describes a tier", new() { Name = "" })
        .Key("memory", Values.Size, t => t.Memory, (t, v) => t with { Memory = v }, "Memory limit of the whole instance.")
        .Key("cpu", Values.Cores, t => t.Cpu, (t, v) => t with { Cpu = v }, "CPU limit in cores.")
        .Key("memoryReservation", Values.Size, t => t.MemoryReservation, (t, v) => t with { MemoryReservation = v }, "Memory kept for the instance, at most its limit.")
        .Key("cpuReservation", Values.Cores, t => t.CpuReservation, (t, v) => t with { CpuReservation = v }, "Cores kept for the instance, at most its limit.")
        .Key("pids", Values.Whole(8, Many), t => t.Pids, (t, v) => t with { Pids = v }, "Processes and threads at once.")
        .Key("disk", Values.Size, t => t.Disk, (t, v) => t with { Disk = v }, "Size of all volumes together that have no size of their own; those come on top.")
        .Key("runtime", Values.Word<SandboxRuntime>(), t => t.Runtime, (t, v) => t with { Runtime = v }, "OCI runtime on the local target; runsc is gVisor, which gives the instance a kernel of its own.")
        .Optional("sleep", RestDescription.Sleep, (t, v) => t with { Sleep = v }, "Sleep policy of this tier, in place of the manifest's.")
        .Optional("requests", Requests, (t, v) => t with { Requests = v }, "What the gateway lets through to an instance.")
        .Optional("llm", Llm, (t, v) => t with { Llm = v }, "A hard cap on what the instance's LLM key may spend.")
        .Optional("quotas", Quotas, (t, v) => t with { Quotas = v }, "What one tenant may have in this tier.")
        .Finish(TierChecks.Tier);

    private static Parsed<RequestRate> ParseRate(Yaml.YamlText text)
    {
        var parts = text.Text.Split('/');
        TimeSpan? per = parts.Length != 2 ? null : parts[1] switch
        {
            "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            _ => null,
        };
        return per is not null && int.TryParse(parts[0], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var count) && count is >= 1 and < 10_000_000
            ? Parsed<RequestRate>.Ok(new() { Count = count, Per = per.Value })
            : Parsed<RequestRate>.Wrong("");
    }
}
