using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Contract;

/// <summary>What a target promises about creating and changing.</summary>
public abstract class CreationContract : ContractBase
{
    [Promise]
    public async Task AbsentIsAnAnswer()
    {
        var seen = await ObserveAsync(Sample(Slug("absent")));
        seen.State.ShouldBe(ObservedState.Absent);
        seen.Resources.ShouldBeEmpty();
        seen.Endpoint.ShouldBeNull();
    }

    [Promise]
    public async Task ProbeSaysThatItWorks()
    {
        var report = await Target.ProbeAsync(Stop);
        report.Works.ShouldBeTrue(string.Join("\n", report.Findings.Select(finding => $"{finding.Subject}: {finding.Message} {finding.Fix}")));
        report.Findings.ShouldNotBeEmpty();
    }

    [Promise]
    public async Task PlanningChangesNothing()
    {
        var sample = Sample(Slug("plan"));
        var plan = await Target.PlanAsync(sample, await ObserveAsync(sample), Stop);
        plan.IsEmpty.ShouldBeFalse();
        (await ObserveAsync(sample)).State.ShouldBe(ObservedState.Absent);
    }

    [Promise]
    public async Task ACreatedInstanceRunsAndIsHealthy() => await ShouldRunAsync(await RunningAsync(Slug("run")));

    [Promise]
    public async Task WhatWasCreatedIsWhatThePlanNamed()
    {
        var sample = Sample(Slug("named"));
        var plan = await Target.PlanAsync(sample, await ObserveAsync(sample), Stop);
        await AllAsync(Target.ApplyAsync(plan, sample, Stop));
        var created = plan.Steps.Where(step => step.Action == StepAction.Create).Select(step => step.Resource).ToList();
        (await ObserveAsync(sample)).Resources.Select(resource => resource.Resource).ShouldBe(created, ignoreOrder: true);
    }

    [Promise]
    public async Task AnObservationSaysWhatRuns()
    {
        var sample = await RunningAsync(Slug("says"));
        var seen = await ObserveAsync(sample);
        seen.WorkloadDigest.ShouldBe(sample.Digest);
        seen.Release.ShouldBe(sample.Release.Id);
        seen.RestartNonce.ShouldBe(sample.RestartNonce);
        seen.Drift.ShouldBeEmpty();
        ShouldLeadTo(seen.Endpoint, SampleApp.Port);
    }

    [Promise]
    public async Task TheGatewayIsLedToTheEntryServiceAlsoWhenAnotherOneStartsBeforeIt()
    {
        var sample = Sample(Slug("entry"));
        var store = sample.Services[0] with
        {
            Name = "store",
            Command = ["/bin/busybox", "httpd", "-f", "-p", "127.0.0.1:9000", "-h", "/tmp"],
            Ports = [new PortWorkload("store", 9000, false)],
            Files = [],
            Volumes = [],
            Health = null,
        };
        var both = SampleApp.Digested(sample with { Services = [store, sample.Services[0] with { DependsOn = ["store"] }] });
        await ConvergeAsync(both);
        ShouldLeadTo((await ObserveAsync(both)).Endpoint, SampleApp.Port);
        await ShouldRunAsync(both);
    }

    [Promise]
    public async Task WhatSpeaksNoHttpIsNotReachedByTheGateway()
    {
        var sample = SampleApp.Digested(Sample(Slug("nohttp")) with { EntryPort = null });
        await ConvergeAsync(sample);
        var seen = await ObserveAsync(sample);
        (seen.State, seen.Endpoint).ShouldBe((ObservedState.Running, null));
    }

    [Promise]
    public async Task NothingIsPlannedForWhatIsAsWanted()
    {
        var sample = await RunningAsync(Slug("noop"));
        (await Target.PlanAsync(sample, await ObserveAsync(sample), Stop)).Steps.ShouldBeEmpty();
    }

    [Promise]
    public async Task ApplyingThePlanAgainEndsInTheSameState()
    {
        var sample = Sample(Slug("again"));
        var plan = await Target.PlanAsync(sample, await ObserveAsync(sample), Stop);
        await AllAsync(Target.ApplyAsync(plan, sample, Stop));
        if (Target is not IFreeze)
            return;
        var before = await ObserveAsync(sample);
        await ConvergeAsync(sample);
        var after = await ObserveAsync(sample);
        after.Resources.ShouldBe(before.Resources);
        after.State.ShouldBe(before.State);
    }

    [Promise]
    public async Task EveryStepIsToldWhenItStartsAndWhenItIsDone()
    {
        var events = await ConvergeAsync(Sample(Slug("steps")));
        var open = new List<(ResourceName, StepAction)>();
        foreach (var step in events)
        {
            if (step.State == StepState.Started)
                open.Add((step.Resource, step.Action));
            else if (step.State == StepState.Done)
                open.Remove((step.Resource, step.Action)).ShouldBeTrue($"{step.Action} {step.Resource} is done and never started");
        }

        events.ShouldNotBeEmpty();
        open.ShouldBeEmpty();
    }

    [Promise]
    public async Task ACreationCutOffAnywhereIsFinishedByTheNextPass()
    {
        for (var after = 0; ; after += Harness.CutsEvery)
        {
            var sample = Sample(Slug($"cut{after}"));
            var plan = await Target.PlanAsync(sample, await ObserveAsync(sample), Stop);
            var cut = await CutOffAsync(Target.ApplyAsync(plan, sample, Stop), after);
            var next = Harness.Reopen();
            await ConvergeAsync(sample, next);
            // A pass that found the service started has nothing to wait for: it gets well by itself.
            await UntilAsync(sample, seen => seen.Health == InstanceHealth.Healthy);
            await ShouldRunAsync(sample);
            if (!cut)
                break;
        }
    }

    [Promise]
    public async Task AnotherTargetObjectSeesTheSame()
    {
        var sample = await RunningAsync(Slug("reopen"));
        var seen = await UntilReopenedAsync(sample);
        seen.State.ShouldBe(ObservedState.Running);
        seen.WorkloadDigest.ShouldBe(sample.Digest);
        (await Harness.Reopen().PlanAsync(sample, seen, Stop)).Steps.ShouldBeEmpty();
    }

    [Promise]
    public async Task ItFindsWhatItsOwnerHasAndNothingElse()
    {
        var sample = await RunningAsync(Slug("owned"));
        (await Target.ListOwnedAsync(Harness.Owner, Stop)).ShouldContain(sample.Ref);
        (await Target.ListOwnedAsync("somebody-else", Stop)).ShouldNotContain(found => found.Id == sample.Ref.Id);
    }

    [Promise]
    public async Task InstancesAreCreatedSideBySide()
    {
        var samples = Enumerable.Range(0, 4).Select(number => Sample(Slug($"side{number}"))).ToList();
        await Task.WhenAll(samples.Select(sample => ConvergeAsync(sample)));
        foreach (var sample in samples)
            await ShouldRunAsync(sample);
        var names = new List<ResourceName>();
        foreach (var sample in samples)
            names.AddRange((await ObserveAsync(sample)).Resources.Select(resource => resource.Resource));
        names.ShouldBeUnique();
    }

    [Promise]
    public async Task AChangeReplacesWhatRunsAndKeepsTheData()
    {
        var sample = await RunningAsync(Slug("change"));
        var changed = SampleApp.WithVariable(sample, "GREETING", "something else");
        var plan = await Target.PlanAsync(changed, await ObserveAsync(sample), Stop);
        plan.Steps.ShouldContain(step => step.Action == StepAction.Replace);
        plan.Steps.ShouldNotContain(step => step.Resource.Kind == "volume");
        await AllAsync(Target.ApplyAsync(plan, changed, Stop));
        var seen = await ObserveAsync(changed);
        seen.WorkloadDigest.ShouldBe(changed.Digest);
        await ShouldRunAsync(changed);
    }

    [Promise]
    public async Task AnotherRestartNonceRestarts()
    {
        var sample = await RunningAsync(Slug("nonce"));
        var restarted = sample with { RestartNonce = 1 };
        var plan = await Target.PlanAsync(restarted, await ObserveAsync(sample), Stop);
        plan.IsEmpty.ShouldBeFalse();
        await AllAsync(Target.ApplyAsync(plan, restarted, Stop));
        (await ObserveAsync(sample)).RestartNonce.ShouldBe(1);
        await ShouldRunAsync(restarted);
        (await Target.PlanAsync(restarted, await ObserveAsync(sample), Stop)).Steps.ShouldBeEmpty();
    }

    [Promise]
    public async Task AServiceThatCannotStartIsExplained()
    {
        var sample = Harness.Failing(Sample(Slug("boom")));
        var failure = await Should.ThrowAsync<TargetException>(() => ConvergeAsync(sample));
        failure.Sentence.ShouldContain("boom");
        failure.Sentence.ShouldContain("3");
    }

    [Promise]
    public async Task NoSecretIsInAPlanOrAnEvent()
    {
        var sample = Sample(Slug("secret"));
        var plan = await Target.PlanAsync(sample, await ObserveAsync(sample), Stop);
        var events = await AllAsync(Target.ApplyAsync(plan, sample, Stop));
        var told = string.Join("\n", plan.Steps.Select(step => step.ToString()).Concat(events.Select(step => step.ToString())));
        told.ShouldNotContain("canary-secret-value");
        (await ObserveAsync(sample)).ToString().ShouldNotContain("canary-secret-value");
    }

    [Promise]
    public async Task AnInstanceWhoseProcessesWereEndedIsRepaired()
    {
        var sample = await RunningAsync(Slug("killed"));
        await Harness.KillAsync(sample.Ref);
        await ConvergeUntilRunningAsync(sample);
    }

    private void ShouldLeadTo(Endpoint? endpoint, int port)
    {
        endpoint.ShouldNotBeNull();
        if (!Harness.PublishesPorts)
            endpoint.Port.ShouldBe(port);
    }

    private async Task ConvergeUntilRunningAsync(InstanceWorkload sample)
    {
        // A target that restarts by itself may do so at any moment; one that does not is brought back by a pass.
        while (true)
        {
            await ConvergeAsync(sample);
            var seen = await ObserveAsync(sample);
            if (seen is { State: ObservedState.Running, Health: InstanceHealth.Healthy })
                break;
            await Task.Delay(20, Stop);
        }
    }

    private async Task<InstanceObservation> UntilReopenedAsync(InstanceWorkload sample)
    {
        var target = Harness.Reopen();
        return await target.ObserveAsync(sample.Ref, Stop);
    }
}
