using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Tenants;
using Tenantry.Model.Workloads;

namespace Tenantry.Model.Tests.Workloads;

/// <summary>What a target is asked to run, from a spec and its release's manifest.</summary>
public sealed class WorkloadBuilderTests
{
    private const string Shop = """
        app: shop
        version: "1"
        services:
          web:
            command: [/bin/web, --listen]
            ports: [8080, 9090/tcp]
            dependsOn: [db]
            env: { URL: "${instance.url}", WHO: "${tenant.name}" }
          db:
            command: [/bin/db]
            ports: [5432/tcp]
            volumes: { data: /data }
            stopSignal: SIGINT
        tiers:
          small: { memory: 64MB, cpu: 0.25, disk: 10MB }
          large: { memory: 1GB, cpu: 2, disk: 1GB }
        defaultTier: small
        secrets:
          token: { env: TOKEN, required: true }
        """;

    [Fact]
    public void TheGatewayReachesTheEntryServiceAndAServiceComesAfterWhatItNeeds()
    {
        var workload = Build(Shop);
        workload.Services.Select(service => service.Name).ShouldBe(["db", "web"]);
        workload.EntryPort.ShouldBe(8080);
        workload.Services[0].StopSignal.ShouldBe("INT");
    }

    [Fact]
    public void OfSeveralServicesWithHttpTheManifestsEntryIsReached() => Build("""
        app: two
        version: "1"
        entry: b
        services:
          a: { command: [/a], ports: [8080] }
          b: { command: [/b], ports: [8081] }
        """).EntryPort.ShouldBe(8081);

    [Fact]
    public void WithoutAnHttpPortTheGatewayReachesNothing() => Build("""
        app: redis
        version: "1"
        services: { redis: { command: [/redis], ports: [6379/tcp] } }
        """).EntryPort.ShouldBeNull();

    [Fact]
    public void ReferencesAreFilledInAndSecretsBecomeVariables()
    {
        var web = Build(Shop).Services[1];
        web.Command.ShouldBe(["/bin/web", "--listen"]);
        web.Env.ShouldBe(new Dictionary<string, string>(StringComparer.Ordinal) { ["URL"] = "http://alice.localhost:8080", ["WHO"] = "alice", ["TOKEN"] = "t0ken" });
    }

    [Fact]
    public void ATierIsItsLimitsAndAnUnknownOneIsRefusedWithTheKnown()
    {
        Build(Shop, tier: "large").Limits.ShouldSatisfyAllConditions(limits => limits.MemoryBytes.ShouldBe(1_000_000_000), limits => limits.DiskBytes.ShouldBe(1_000_000_000));
        var refused = Should.Throw<WorkloadRefusedException>(() => Build(Shop, tier: "huge"));
        (refused.Condition, refused.Message).ShouldBe(("TierUnknown", "Release shop-1 of shop has no tier 'huge'. It has: small, large. Set one with 'tenantry tenant set alice --tier TIER'."));
    }

    [Fact]
    public void ARequiredSecretWithoutAValueIsAskedForByName()
    {
        var refused = Should.Throw<WorkloadRefusedException>(() => Build(Shop, secrets: []));
        refused.Condition.ShouldBe("SecretsMissing");
        refused.Message.ShouldContain("tenantry secret set alice token");
    }

    [Fact]
    public void EqualPartsGiveEqualDigestsAndEachChangeAnother()
    {
        var digest = Build(Shop).Digest;
        Build(Shop).Digest.ShouldBe(digest);
        Build(Shop, tier: "large").Digest.ShouldNotBe(digest);
        Build(Shop, secrets: new() { ["token"] = "other" }).Digest.ShouldNotBe(digest);
        Build(Shop.Replace("8080, 9090/tcp", "8081", StringComparison.Ordinal)).Digest.ShouldNotBe(digest);
        Build(Shop, desired: DesiredState.Asleep).Digest.ShouldBe(digest, "what it should be doing does not count");
    }

    [Fact]
    public void AForcedBuildIsAnotherOneOfTheSameInputsAndUsesNothingOfTheFirst()
    {
        var yaml = Shop + "\nbuild: { command: [make] }\n";
        var (usual, same, forced) = (Made(""), Made(""), Made("2026-11-29T00:00:00Z"));

        (usual.Key, usual.IsForced).ShouldBe((same.Key, false));
        forced.IsForced.ShouldBeTrue();
        forced.Key.ShouldNotBe(usual.Key);

        BuildWorkload Made(string mark) => Build(yaml, release: ReleaseId.Of("shop", "sha256:0", "", mark)).Release.Build.ShouldNotBeNull();
    }

    private static InstanceWorkload Build(string yaml, string? tier = null, Dictionary<string, string>? secrets = null, DesiredState desired = DesiredState.Running, string? release = null)
    {
        var read = ManifestReader.Read(yaml, "tenantry.yaml");
        var manifest = read.Manifest.ShouldNotBeNull(string.Join("\n", read.Problems));
        var now = DateTimeOffset.UnixEpoch;
        return WorkloadBuilder.Build(new WorkloadParts(
            new InstanceSpec(
                "id-1", "alice", "alice", "acme", manifest.App, "prod", "local", tier ?? manifest.Tiers[0].Name, $"{manifest.App}-1", [],
                new Dictionary<string, string>(StringComparer.Ordinal), desired, 0, 1, now),
            new Tenant("alice", "Alice", "acme", "", "", 1, now),
            new Release(release ?? $"{manifest.App}-1", manifest.App, manifest.Version, "sha256:0", "", "{}", now),
            manifest,
            ReleaseInputs.None,
            secrets ?? new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = "t0ken" },
            "owner",
            new Uri("http://alice.localhost:8080")));
    }
}
