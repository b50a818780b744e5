using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Contract;

/// <summary>What the contract suite needs to know of a target: how one is opened, what a sample app looks like there, how to damage it.</summary>
public abstract class ContractHarness : IAsyncDisposable
{
    /// <summary>The target under test.</summary>
    public abstract ITarget Target { get; }

    /// <summary>The ownership label that <see cref="Target"/> uses.</summary>
    public virtual string Owner => "contract-owner";

    /// <summary>A second target object over the same platform, as after a restart of the control plane. The harness disposes it.</summary>
    public abstract ITarget Reopen();

    /// <summary>Makes the workload's first service print <c>boom</c> and end with code 3 when it starts.</summary>
    public abstract InstanceWorkload Failing(InstanceWorkload workload);

    /// <summary>Ends the instance's processes behind the target's back.</summary>
    public abstract Task KillAsync(InstanceRef instance);

    /// <summary>Ends a frozen instance's processes behind the target's back, and lets nothing that comes after them begin, where the platform's freezing can do that.</summary>
    public virtual Task KillFrozenAsync(InstanceRef instance) => KillAsync(instance);

    /// <summary>Fits the sample to the platform (image, command).</summary>
    public virtual InstanceWorkload Fit(InstanceWorkload workload) => workload;

    /// <summary>True where the gateway is led to another port than the app's own, on another machine.</summary>
    public virtual bool PublishesPorts => false;

    /// <summary>Commands inside an instance, as the platform spells them.</summary>
    public virtual IReadOnlyList<string> Shell(string script) => ["/bin/busybox", "sh", "-c", script];

    /// <summary>Whether commands inside an instance see its files and secrets.</summary>
    public virtual bool ShowsFiles => true;

    /// <summary>False where an emulator of the platform keeps books and runs nothing.</summary>
    public virtual bool RunsApps => true;

    /// <summary>Where a stream of steps is cut off: at each, or, where a step takes long, at every so many.</summary>
    public virtual int CutsEvery => 1;

    /// <summary>True where the platform's own tool removes several things at once, in an order of its own.</summary>
    public virtual bool OrdersByItself => false;

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}

/// <summary>The sample app of the contract suite: a static web server with a volume.</summary>
public static class SampleApp
{
    /// <summary>Its port.</summary>
    public const int Port = 8080;

    private const string Script =
        "echo \"serving $GREETING\"; /bin/busybox mkdir -p /data/www; [ -f /data/www/index.html ] || echo \"$GREETING\" > /data/www/index.html; exec /bin/busybox httpd -f -p 127.0.0.1:8080 -h /data/www";

    /// <summary>A workload for an instance with that slug.</summary>
    public static InstanceWorkload Make(string slug, string owner)
    {
        var workload = new InstanceWorkload
        {
            Ref = new InstanceRef($"i{Guid.NewGuid():N}", slug, owner),
            Labels = new WorkloadLabels(slug, "contract", "sample", "prod", "default", "1.0.0"),
            Release = new ReleaseSource("sample-1", Path.GetTempPath(), null),
            Services =
            [
                new ServiceWorkload
                {
                    Name = "web",
                    Command = ["/bin/busybox", "sh", "-c", Script],
                    Ports = [new PortWorkload("http", Port, true)],
                    Env = new Dictionary<string, string>(StringComparer.Ordinal) { ["GREETING"] = $"hello from {slug}" },
                    Files = [new FileWorkload("/etc/sample/config.json", "{}", 0x124)],
                    Volumes = [new VolumeWorkload("data", "/data", null)],
                    Health = new HealthWorkload("/", Port, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), 3, TimeSpan.FromSeconds(20)),
                    StopGrace = TimeSpan.FromSeconds(2),
                },
            ],
            EntryPort = Port,
            Limits = new ResourceLimits(64 << 20, 0.5m, 16 << 20, 0.05m, 64, 32 << 20),
            Egress = new EgressRules(EgressMode.None, []),
            Secrets = new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = "canary-secret-value" },
            Desired = DesiredState.Running,
            RestartNonce = 0,
            Digest = "",
        };
        return Digested(workload);
    }

    /// <summary>The same with its digest computed anew.</summary>
    public static InstanceWorkload Digested(InstanceWorkload workload) => workload with { Digest = WorkloadDigest.Of(workload) };

    /// <summary>The same with one more variable.</summary>
    public static InstanceWorkload WithVariable(InstanceWorkload workload, string name, string value)
    {
        var service = workload.Services[0];
        var env = service.Env.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        env[name] = value;
        return Digested(workload with { Services = [service with { Env = env }, .. workload.Services.Skip(1)] });
    }

    /// <summary>The same with other limits.</summary>
    public static InstanceWorkload WithLimits(InstanceWorkload workload, ResourceLimits limits) => Digested(workload with { Limits = limits });
}
