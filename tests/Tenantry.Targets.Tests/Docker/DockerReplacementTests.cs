using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Contract;
using Tenantry.Targets.Docker;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>Upgrades of instances with several services: all of the new version or all of the old one, whatever happens.</summary>
[Collection(EngineTests.Name)]
public sealed class DockerReplacementTests(EngineFixture engine)
{
    private const string Serve = "mkdir -p /data/www; exec busybox httpd -f -p 127.0.0.1:8080 -h /data/www";
    private const string Sleep = "exec sleep 3600";
    private static readonly HealthWorkload Speaks = new("/version", 8080, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), 3, TimeSpan.FromSeconds(20));

    [NeedsDockerFact]
    public async Task AnUpgradeOfTwoServicesWhoseSecondDoesNotBecomeHealthyPutsBothBack()
    {
        await using var instances = new DockerInstances(engine);
        var old = Of(instances.Workload("alice"), "1", ("side", Sleep));
        await BeginAsync(instances, old);
        var before = await ContainersAsync(instances, old);
        var deaf = Of(old, "2", ("side", Sleep));
        deaf = SampleApp.Digested(deaf with { Services = [deaf.Services[0], deaf.Services[1] with { Health = Speaks with { Port = 9999 } }] });

        var failure = await Should.ThrowAsync<TargetException>(instances.ApplyAsync(deaf, instances.Harness.Open(time: new HurriedTime())));

        failure.Sentence.ShouldContain("side is not healthy after 30 s");
        failure.Sentence.ShouldContain("The containers before it were put back.");
        failure.Retryable.ShouldBeFalse("each try takes the working version away for a while");
        await IsAsBeforeAsync(instances, old, before, "1");
    }

    [NeedsDockerFact]
    public async Task AnUpgradeOfThreeServicesWhoseThirdCrashesPutsAllThreeBackAndAGoodOneLeavesNothingOfTheOld()
    {
        await using var instances = new DockerInstances(engine);
        var old = Of(instances.Workload("alice"), "1", ("side", Sleep), ("third", Sleep));
        await BeginAsync(instances, old);
        var before = await ContainersAsync(instances, old);

        var failure = await Should.ThrowAsync<TargetException>(instances.ApplyAsync(Of(old, "2", ("side", Sleep), ("third", "echo boom; exit 3"))));
        failure.Sentence.ShouldContain("boom");
        await IsAsBeforeAsync(instances, old, before, "1");

        var good = Of(old, "3", ("side", Sleep), ("third", Sleep));
        await instances.ApplyAsync(good);

        (await ContainersAsync(instances, good)).Select(container => container.Name).ShouldBe(before.Select(container => container.Name));
        (await instances.ObserveAsync(good)).WorkloadDigest.ShouldBe(good.Digest);
        await SaysAsync(instances, good, "3");
        (await instances.Harness.Target.PlanAsync(good, await instances.ObserveAsync(good), instances.Stop)).Steps.ShouldBeEmpty();
    }

    [NeedsDockerFact]
    public async Task AFailedUpgradeThatTookAServiceAwayAndChangedWhatMayBeReachedGivesBothBack()
    {
        await using var instances = new DockerInstances(engine);
        var old = Of(instances.Workload("alice"), "1", ("side", Sleep), ("third", Sleep));
        await BeginAsync(instances, old);
        var before = await ContainersAsync(instances, old);
        var other = Of(old, "2", ("fourth", "echo boom; exit 3"));

        var failure = await Should.ThrowAsync<TargetException>(instances.ApplyAsync(SampleApp.Digested(other with { Egress = new EgressRules(EgressMode.Internet, []) })));

        failure.Sentence.ShouldContain("boom");
        await IsAsBeforeAsync(instances, old, before, "1");
        var network = await engine.Engine.GetAsync($"/networks/{DockerNames.Network(old.Ref)}", instances.Stop);
        network.GetProperty("Internal").GetBoolean().ShouldBeTrue("the old version had no way out");
    }

    [NeedsDockerFact]
    public async Task AnUpgradeThatIsCutOffAtAnyPlaceGoesOnToTheNewVersionOrBackToTheOldOne()
    {
        await using var instances = new DockerInstances(engine);
        var now = Of(instances.Workload("alice"), "0", ("side", Sleep));
        await BeginAsync(instances, now);
        var cut = 0;
        for (var isWhole = false; !isWhole; cut += 2)
        {
            now = Of(now, $"{cut + 1}", ("side", Sleep));
            isWhole = await CutOffAsync(instances, now, cut);
            if (cut % 4 == 2)
            {
                var before = (await instances.ObserveAsync(now)).WorkloadDigest;
                var bad = Of(now, "bad", ("side", "echo boom; exit 3"));
                (await Should.ThrowAsync<TargetException>(instances.ApplyAsync(bad, instances.Harness.Reopen()))).Sentence.ShouldContain("were put back");
                var back = await instances.UntilAsync(now, look => look.Health == InstanceHealth.Healthy);
                back.State.ShouldBe(ObservedState.Running, $"cut {cut}, {before}");
            }

            await instances.ApplyAsync(now, instances.Harness.Reopen());
            (await ContainersAsync(instances, now)).Select(container => container.Name).ShouldBe([DockerNames.Container(now.Ref, "main"), DockerNames.Container(now.Ref, "side")]);
            await SaysAsync(instances, now, $"{cut + 1}");
        }

        cut.ShouldBeGreaterThan(3);
    }

    [NeedsDockerFact]
    public async Task OldContainersThatAnUpgradeHadNoTimeToRemoveGoAndNothingIsMadeAnew()
    {
        await using var instances = new DockerInstances(engine);
        var workload = Of(instances.Workload("alice"), "1", ("side", Sleep));
        await BeginAsync(instances, workload);
        var before = await ContainersAsync(instances, workload);
        var left = await instances.InspectAsync(workload, "side");
        await engine.Engine.PostAsync(
            $"/containers/create?name={DockerNames.Former(workload.Ref, "side")}",
            new JsonObject { ["Image"] = EngineFixture.Image, ["Cmd"] = new JsonArray("true"), ["Labels"] = JsonNode.Parse(left.GetProperty("Config").GetProperty("Labels").GetRawText()) },
            instances.Stop);

        var steps = await instances.ApplyAsync(workload, instances.Harness.Reopen());

        steps.Select(step => (step.Resource.Name, step.Action)).Distinct().ShouldBe([(DockerNames.Former(workload.Ref, "side"), StepAction.Delete)]);
        await IsAsBeforeAsync(instances, workload, before, "1");
    }

    [NeedsDockerFact]
    public async Task ASideServiceIsReplacedWhileTheOneThatServesRunsOnAndNobodyIsInterrupted()
    {
        await using var instances = new DockerInstances(engine);
        var old = Of(instances.Workload("alice"), "1", ("side", Sleep));
        await BeginAsync(instances, old);
        var serving = await ProcessAsync(instances, old, "main");
        var side = await ProcessAsync(instances, old, "side");
        var other = Of(old, "1", ("side", "exec sleep 3601"));

        var steps = await instances.ApplyAsync(other);

        steps.ShouldNotContain(step => step.Interrupts);
        (await ProcessAsync(instances, other, "side")).ShouldNotBe(side);
        (await ProcessAsync(instances, other, "main")).ShouldBe(serving, "the very process");
        await SaysAsync(instances, other, "1");

        steps = await instances.ApplyAsync(Of(other, "2", ("side", "exec sleep 3601")));
        steps.Where(step => step.Interrupts).ShouldHaveSingleItem().ServedAfter.ShouldNotBeNull().Resource.Name.ShouldBe(DockerNames.Container(old.Ref, "main"));
    }

    private static async Task<(string Id, int Pid)> ProcessAsync(DockerInstances instances, InstanceWorkload workload, string service)
    {
        var container = await instances.InspectAsync(workload, service);
        return (container.GetProperty("Id").GetString()!, container.GetProperty("State").GetProperty("Pid").GetInt32());
    }

    private static InstanceWorkload Of(InstanceWorkload workload, string version, params (string Name, string Script)[] others)
    {
        var first = workload.Services[0] with
        {
            Command = DockerInstances.Shell($"mkdir -p /data/www; echo {version} > /data/www/version; {Serve}"),
            Ports = [new PortWorkload("http", 8080, true)],
            Volumes = [new VolumeWorkload("data", "/data", null)],
            Health = Speaks,
        };
        return SampleApp.Digested(workload with
        {
            Services = [first, .. others.Select(other => first with { Name = other.Name, Command = DockerInstances.Shell(other.Script), Ports = [], Volumes = [], Health = null, DependsOn = ["main"] })],
            EntryPort = 8080,
        });
    }

    private static async Task BeginAsync(DockerInstances instances, InstanceWorkload workload)
    {
        await instances.ApplyAsync(workload);
        await instances.ExecAsync(workload, DockerInstances.Shell("echo kept > /data/kept"));
    }

    // Listens to so many words of the work and then no longer, as a control plane that is stopped. True when it came to its end.
    private static async Task<bool> CutOffAsync(DockerInstances instances, InstanceWorkload workload, int after)
    {
        var target = instances.Harness.Target;
        var plan = await target.PlanAsync(workload, await target.ObserveAsync(workload.Ref, instances.Stop), instances.Stop);
        var heard = 0;
        await foreach (var _ in target.ApplyAsync(plan, workload, instances.Stop))
        {
            if (heard++ == after)
                return false;
        }

        return true;
    }

    private async Task<IReadOnlyList<(string Name, string Id)>> ContainersAsync(DockerInstances instances, InstanceWorkload workload) =>
    [
        .. (await engine.Engine.GetAsync($"/containers/json?all=1&{DockerLabels.FilterOf(workload.Ref)}", instances.Stop)).EnumerateArray()
            .Select(container => (container.GetProperty("Names")[0].GetString()!.TrimStart('/'), container.GetProperty("Id").GetString()!)).Order(),
    ];

    private async Task IsAsBeforeAsync(DockerInstances instances, InstanceWorkload old, IReadOnlyList<(string Name, string Id)> before, string version)
    {
        var seen = await instances.UntilAsync(old, look => look.Health == InstanceHealth.Healthy);
        (seen.State, seen.WorkloadDigest).ShouldBe((ObservedState.Running, old.Digest));
        (await ContainersAsync(instances, old)).ShouldBe(before, "the very containers, and no others");
        await SaysAsync(instances, old, version);
    }

    // From the last service, over the network that all share.
    private static async Task SaysAsync(DockerInstances instances, InstanceWorkload workload, string version)
    {
        var (code, output) = await instances.ExecAsync(workload, DockerInstances.Shell("busybox wget -q -O - http://127.0.0.1:8080/version"), workload.Services[^1].Name);
        (code, output).ShouldBe((0, version));
        (await instances.ExecAsync(workload, DockerInstances.Shell("cat /data/kept"))).Output.ShouldBe("kept");
    }

    /// <summary>Measures ten times as much time as goes by.</summary>
    private sealed class HurriedTime : TimeProvider
    {
        public override long GetTimestamp() => base.GetTimestamp() * 10;
    }
}
