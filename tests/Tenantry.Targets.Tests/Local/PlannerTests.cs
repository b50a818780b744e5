using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Local;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Local.Volumes;

namespace Tenantry.Targets.Tests.Local;

/// <summary>What target local would do, from what is wanted, what was seen and what was written down.</summary>
public sealed class PlannerTests
{
    private static readonly LocalTargetOptions Options = new();

    private readonly InstanceWorkload _workload = SampleApp.Digested(new InstanceWorkload
    {
        Ref = new InstanceRef("i1", "alice", "o1"),
        Labels = new WorkloadLabels("alice", "org", "app", "prod", "small", "1"),
        Release = new ReleaseSource("r1", "", null),
        Services =
        [
            new ServiceWorkload { Name = "db", Command = ["/bin/db"], Volumes = [new VolumeWorkload("data", "/data", null)] },
            new ServiceWorkload { Name = "web", Command = ["/bin/web"], DependsOn = ["db"], Ports = [new PortWorkload("http", 8080, true)] },
        ],
        Limits = new ResourceLimits(64 << 20, 0.5m, 0, 0, 32, 100 << 20),
        Egress = new EgressRules(EgressMode.None, []),
        Secrets = new Dictionary<string, string>(StringComparer.Ordinal),
        Desired = DesiredState.Running,
        RestartNonce = 0,
        Digest = "",
    });

    [Fact]
    public void ANewInstanceIsMadeInOrderAndEachServiceWaitsForWhatItNeeds() => Plan(_workload, InstanceObservation.Absent(_workload.Ref), null).ShouldBe(
    [
        "Create identity alice",
        "Create volume alice-data",
        "Create network alice",
        "Create limits alice",
        "Create configuration alice",
        "Create service alice-db",
        "Wait service alice-db",
        "Create service alice-web",
        "Wait service alice-web",
    ]);

    [Fact]
    public void WhatIsAsWantedNeedsNothing() => Plan(_workload, Seen(), Known()).ShouldBeEmpty();

    [Fact]
    public void ABuildThatIsNotReadyComesFirst()
    {
        var built = SampleApp.Digested(_workload with { Release = new ReleaseSource("r2", "/src", new BuildWorkload("sha256:0123456789abcdef", [], ["make"], null, new Dictionary<string, string>(StringComparer.Ordinal), ".")) });
        Plan(built, InstanceObservation.Absent(built.Ref), null, isReady: false)[0].ShouldBe("Create release sha256:0123456789ab");
        Plan(built, InstanceObservation.Absent(built.Ref), null)[0].ShouldBe("Create identity alice");
    }

    [Fact]
    public void AnotherTierChangesLimitsAndVolumesInPlaceAndRestartsNothing()
    {
        var bigger = SampleApp.Digested(_workload with { Limits = _workload.Limits with { MemoryBytes = 128 << 20, DiskBytes = 200 << 20 } });
        Plan(bigger, Seen(), Known()).ShouldBe(["Update volume alice-data", "Update limits alice"]);
    }

    [Fact]
    public void AChangedServiceAloneIsReplaced()
    {
        var changed = SampleApp.Digested(_workload with { Services = [_workload.Services[0], _workload.Services[1] with { Command = ["/bin/web", "--new"] }] });
        Plan(changed, Seen(), Known()).ShouldBe(["Update configuration alice", "Replace service alice-web", "Wait service alice-web"]);
    }

    [Fact]
    public void AServiceThatTheReleaseDroppedGoesBeforeAnythingIsMade()
    {
        var less = SampleApp.Digested(_workload with { Services = [_workload.Services[0]] });
        Plan(less, Seen(), Known())[0].ShouldBe("Delete service alice-web");
    }

    [Fact]
    public void AnotherSecretIsAnotherConfigurationOfEveryService()
    {
        var secret = SampleApp.Digested(_workload with { Secrets = new Dictionary<string, string>(StringComparer.Ordinal) { ["key"] = "v" } });
        Plan(secret, Seen(), Known()).ShouldBe(
            ["Update configuration alice", "Replace service alice-db", "Wait service alice-db", "Replace service alice-web", "Wait service alice-web"]);
    }

    [Fact]
    public void ARestartThatWasAskedForReplacesAll() => Plan(_workload with { RestartNonce = 7 }, Seen(), Known()).ShouldBe(
        ["Replace service alice-db", "Wait service alice-db", "Replace service alice-web", "Wait service alice-web"]);

    [Fact]
    public void WhatEndedIsStartedAgainAlone() => Plan(_workload, Seen(state: ObservedState.Partial, web: LocalResources.Ended), Known()).ShouldBe(
        ["Start service alice-web", "Wait service alice-web"]);

    [Fact]
    public void OtherEgressChangesTheNetworkInPlace()
    {
        var list = SampleApp.Digested(_workload with { Egress = new EgressRules(EgressMode.List, ["10.0.0.0/8"]) });
        Plan(list, Seen(), Known()).ShouldBe(["Update network alice"]);
    }

    [Fact]
    public void AnAppThatGetsASecondServiceSharesMoreOfItsNamespacesFirst()
    {
        var one = Known();
        Plan(_workload, Seen(), one with { Services = [one.Services[0]] }).ShouldContain("Update network alice");
    }

    [Fact]
    public void WhatFreezesIsFrozenAndWhatIsFrozenThawsBeforeItChanges()
    {
        Plan(_workload with { Desired = DesiredState.Frozen }, Seen(), Known()).ShouldBe(["Freeze instance alice"]);
        Plan(_workload with { Desired = DesiredState.Frozen }, Seen(ObservedState.Frozen, LocalResources.Frozen, LocalResources.Frozen), Known()).ShouldBeEmpty();
        Plan(_workload, Seen(ObservedState.Frozen, LocalResources.Frozen, LocalResources.Frozen), Known()).ShouldBe(["Thaw instance alice"]);
        Plan(_workload with { Desired = DesiredState.Frozen, RestartNonce = 1 }, Seen(ObservedState.Frozen, LocalResources.Frozen, LocalResources.Frozen), Known()).ShouldBe(
            ["Thaw instance alice", "Replace service alice-db", "Wait service alice-db", "Replace service alice-web", "Wait service alice-web", "Freeze instance alice"]);
    }

    [Fact]
    public void WhatSleepsStopsInReverseOrder()
    {
        Plan(_workload with { Desired = DesiredState.Asleep }, Seen(), Known()).ShouldBe(["Stop service alice-web", "Stop service alice-db"]);
        Plan(_workload with { Desired = DesiredState.Asleep }, Seen(ObservedState.Stopped, LocalResources.Stopped, LocalResources.Stopped), Known()).ShouldBeEmpty();
    }

    [Fact]
    public void AnInstanceThatIsToBeDeletedIsNotPlanned() => Plan(_workload with { Desired = DesiredState.Deleted }, Seen(), Known()).ShouldBeEmpty();

    [Fact]
    public void OtherLabelsAloneAreWrittenDown() =>
        Plan(SampleApp.Digested(_workload with { Labels = _workload.Labels with { Version = "2" } }), Seen(), Known()).ShouldBe(["Update identity alice"]);

    [Fact]
    public void VolumesWithoutASizeShareTheTiersDiskAndOthersHaveTheirOwn()
    {
        var workload = _workload with
        {
            Services =
            [
                new ServiceWorkload { Name = "a", Command = ["/a"], User = "7:8", Volumes = [new("x", "/x", null), new("own", "/own", 1)] },
                new ServiceWorkload { Name = "b", Command = ["/b"], Volumes = [new("x", "/other", null), new("y", "/y", null), new("own", "/own", 9_000_000)] },
            ],
        };
        VolumePlan.For(workload, loop: true).ShouldBe(
        [
            new VolumeFile("x", 100 << 20, "@disk", 7, 8),
            new VolumeFile("own", 9_000_000, "own", 7, 8),
            new VolumeFile("y", 100 << 20, "@disk", 1000, 1000),
        ]);
        VolumePlan.For(workload, loop: false).ShouldAllBe(volume => volume.Image == null);
        VolumePlan.For(workload with { Limits = workload.Limits with { DiskBytes = 1 } }, loop: true)[0].SizeBytes.ShouldBe(4 << 20, "no smaller file system can be made");
        VolumePlan.For(workload with { Limits = workload.Limits with { DiskBytes = 0 } }, loop: true)[0].Image.ShouldBeNull();
    }

    [Fact]
    public void APauseGrowsWithEachExitWithinAMinuteAndThenItIsGivenUp()
    {
        var now = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        IReadOnlyList<DateTimeOffset> exits = [];
        var pauses = new List<double?>();
        for (var i = 0; i < 6; i++)
        {
            (exits, var pause) = RestartPolicy.AfterExit(exits, now += TimeSpan.FromSeconds(1));
            pauses.Add(pause?.TotalMilliseconds);
        }
        pauses.ShouldBe([100, 200, 400, 800, 1600, null]);
        RestartPolicy.AfterExit(exits, now + TimeSpan.FromMinutes(2)).Pause.ShouldBe(TimeSpan.FromMilliseconds(100));
    }

    [Theory]
    [InlineData("2026-01-01T00:00:00.1Z: executable file `/bin/none` not found in $PATH: No such file or directory", "/bin/none is not in its file system", false)]
    [InlineData("time=\"x\" level=error msg=\"runc create failed: exec: \\\"nope\\\": executable file not found in $PATH\"", "The program nope", false)]
    [InlineData("chdir to `/nowhere`: No such file or directory", "working directory", false)]
    [InlineData("write: No space left on device", "The disk is full", true)]
    [InlineData("cgroups in hybrid mode not supported, drop all controllers from cgroupv2", "hybrid", false)]
    [InlineData("", "it said nothing", true)]
    [InlineData("something new", "something new", true)]
    public void WhatARuntimeSaysIsSaidAgainInWordsForAPerson(string said, string expected, bool isRetryable)
    {
        var error = LocalErrors.OfStart("alice-web", said);
        error.Message.ShouldContain(expected);
        (error.Retryable, $"{error.Resource}").ShouldBe((isRetryable, "service alice-web"));
    }

    [Fact]
    public void EverythingThatThisTargetCannotRunIsNamedAtOnce()
    {
        var bad = _workload with
        {
            Limits = _workload.Limits with { Runtime = "podman" },
            Egress = new EgressRules(EgressMode.List, ["[2001:db8::/32]:443", "10.0.0.0/8:5432"]),
            Services =
            [
                new ServiceWorkload { Name = "a/b", Command = [], StopSignal = "NONE", User = "99999" },
                new ServiceWorkload { Name = "c", Command = ["/c"], Root = new RootSource(RootKind.Folder, "../../etc"), Volumes = [new("v", "relative", null), new("..", "/proc/x", null)], Health = new HealthWorkload(null, null, null, default, default, 1, default) },
            ],
        };
        var refused = Should.Throw<TargetException>(() => LocalWorkloadCheck.Refuse(bad));
        refused.Retryable.ShouldBeFalse();
        foreach (var mistake in (string[])[
            "no runtime podman (crun, runc, runsc)", "a/b has a name that cannot be a folder's", "a/b has no command", "stop signal NONE", "User \"99999\"",
            "path relative that is not absolute", "path /proc/x", "volume .. whose name", "health check that asks for nothing", "has [2001:db8::/32]:443, which is IPv6", "root file system at ../../etc, which is not in its release"])
            refused.Message.ShouldContain(mistake);
        Should.NotThrow(() => LocalWorkloadCheck.Refuse(_workload));
    }

    [Fact]
    public void AManifestIsToldWhatOfItMeansNothingHereBeforeThereIsAnInstance()
    {
        var read = Model.Manifests.ManifestReader.Read("""
            app: shop
            version: "1"
            services:
              web: { image: "node:24", command: [node], user: node }
              both: { image: "redis:8", run: { root: host }, command: [redis-server], user: "1001" }
            egress: ["2001:db8::/32", 10.0.0.0/8]
            """, "tenantry.yaml");
        var manifest = read.Manifest.ShouldNotBeNull(string.Join("\n", read.Problems));
        LocalManifestCheck.Notes(manifest).ShouldBe([
            "Service web: its image node:24 is not used, since there is no container engine: it runs with the programs of the host. Write run.root to say which root file system it gets here.",
            "Service web: user node is a name, which only an image knows: it runs as 1000. Write a number to say which."]);
        LocalManifestCheck.Refusals(manifest).ShouldHaveSingleItem().ShouldBe(new ManifestObjection("egress[0]", "2001:db8::/32 is IPv6, which a local target does not let out. Take it out of the list."));
    }

    [Fact]
    public void RulesThatACrashLeftUnfinishedAreMadeAgain()
    {
        var list = _workload with { Egress = new EgressRules(EgressMode.List, ["10.0.0.0/8"]) };
        Plan(list, Seen(), Known() with { Egress = list.Egress, EgressIsBegun = true }).ShouldBe(["Update network alice"]);
        Plan(list, Seen(), Known() with { Egress = list.Egress }).ShouldBeEmpty();
    }

    private static List<string> Plan(InstanceWorkload workload, InstanceObservation seen, InstanceFile? known, bool isReady = true) =>
        [.. LocalPlanner.Of(workload, seen, known, VolumePlan.For(workload, loop: true), isReady, Options).Steps.Select(step => $"{step.Action} {step.Resource}")];

    private InstanceFile Known() => new()
    {
        Ref = _workload.Ref,
        Labels = _workload.Labels,
        FirstUid = 1_000_000_000,
        Digest = _workload.Digest,
        Limits = _workload.Limits,
        Egress = _workload.Egress,
        Volumes = VolumePlan.For(_workload, loop: true),
        Services = [.. _workload.Services.Select(service => new ServiceFile
        {
            Name = service.Name,
            Digest = ServiceDigest.Of(_workload, service, Options),
            Runtime = LocalRuntime.Crun,
            User = 1000,
            Group = 1000,
            StopSignal = "TERM",
            StopGrace = TimeSpan.FromSeconds(1),
        })],
    };

    private InstanceObservation Seen(ObservedState state = ObservedState.Running, string db = LocalResources.Running, string web = LocalResources.Running) => new()
    {
        Ref = _workload.Ref,
        State = state,
        Health = InstanceHealth.Healthy,
        WorkloadDigest = _workload.Digest,
        RestartNonce = 0,
        Release = "r1",
        Resources =
        [
            Ready(LocalResources.Identity(_workload.Ref)),
            Ready(LocalResources.Volume(_workload.Ref, "data")),
            Ready(LocalResources.Network(_workload.Ref)),
            Ready(LocalResources.Limits(_workload.Ref)),
            Ready(LocalResources.Configuration(_workload.Ref)),
            new(LocalResources.Service(_workload.Ref, "db"), db),
            new(LocalResources.Service(_workload.Ref, "web"), web),
        ],
    };

    private static ResourceObservation Ready(ResourceName name) => new(name, LocalResources.Ready);
}
