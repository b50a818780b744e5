using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

/// <summary>Things as a control plane would answer them.</summary>
internal static class Samples
{
    public static readonly DateTimeOffset Then = new(2026, 11, 28, 10, 0, 0, TimeSpan.Zero);

    public static InstanceDetailResponse Alice { get; } = new()
    {
        Id = "i1",
        Slug = "alice",
        Tenant = "alice",
        Organization = "default",
        Environment = "prod",
        App = "site",
        Target = "local",
        Tier = "free",
        Release = "site-1",
        Phase = InstancePhase.Running,
        Health = InstanceHealth.Healthy,
        Reason = "",
        Url = "http://alice.localhost:8080",
        Generation = 3,
        ObservedGeneration = 3,
        Drift = [],
        CreatedAt = Then,
        Wake = null,
        Desired = DesiredState.Running,
        RunningRelease = "site-1",
        Hosts = [],
        Features = new Dictionary<string, string>(StringComparer.Ordinal),
        Resources = [new("volume", "alice-data", "mounted", "12 MB of 1 GB")],
        Conditions = [],
        Failures = 0,
        ChangedAt = Then,
    };

    /// <summary>The manifest of <c>site</c> as a release holds it.</summary>
    public static string Manifest { get; } = ManifestJson.Write(ManifestReader.Read(
        """
        app: site
        version: "1"
        services:
          web: { command: [/bin/site], ports: [8080] }
        secrets:
          token: {}
          llm-key: {}
        tiers:
          free: { memory: 64MB, cpu: 0.1 }
          pro: { memory: 256MB, cpu: 1 }
        """,
        "tenantry.yaml").Manifest!);

    public static TargetResponse Target { get; } = new("local", "local", new Dictionary<string, string>(StringComparer.Ordinal), true, 4, 1, Then);

    public static ReleaseResponse Release { get; } = new("site-1", "site", "1", "", "", Then, Manifest);

    /// <summary>The same app, which asks for no secret.</summary>
    public static ReleaseResponse OpenRelease { get; } = Release with { Manifest = ManifestJson.Write(ManifestJson.Read(Manifest) with { Secrets = [] }) };

    public static TenantResponse Tenant { get; } = new("alice", "Alice", "default", "", "", false, 7, Then);

    public static OperationResponse Pending { get; } = new("op1", OperationKind.Create, "i1", "alice", "local", 1, OperationState.Pending, [], 0, null, Then, null);

    public static OperationResponse Running { get; } = Pending with
    {
        State = OperationState.Running,
        Steps = [new("create volume data", OperationStepState.Done, "", Then, Then.AddSeconds(0.25)), new("start service web", OperationStepState.Running, "", Then.AddSeconds(0.25), null)],
        Percent = 50,
    };

    public static OperationResponse Succeeded { get; } = Running with
    {
        State = OperationState.Succeeded,
        Steps = [Running.Steps[0], Running.Steps[1] with { State = OperationStepState.Done, FinishedAt = Then.AddSeconds(2) }],
        Percent = 100,
        FinishedAt = Then.AddSeconds(2),
    };

    public static OperationResponse Failed { get; } = Running with
    {
        State = OperationState.Failed,
        Error = "service web: it ended with exit code 1. Last line: no such file.",
        FinishedAt = Then.AddSeconds(2),
    };

    /// <summary>The instance as it is in a list.</summary>
    public static InstanceResponse Listed(InstanceDetailResponse instance) => new()
    {
        Slug = instance.Slug,
        Tenant = instance.Tenant,
        Organization = instance.Organization,
        Environment = instance.Environment,
        App = instance.App,
        Target = instance.Target,
        Tier = instance.Tier,
        Release = instance.Release,
        Phase = instance.Phase,
        Health = instance.Health,
        Reason = instance.Reason,
        Url = instance.Url,
        Generation = instance.Generation,
        ObservedGeneration = instance.ObservedGeneration,
        Drift = instance.Drift,
        CreatedAt = instance.CreatedAt,
        Wake = instance.Wake,
    };
}
