using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Contract;

/// <summary>What a target promises about deleting.</summary>
public abstract class DeletionContract : SleepContract
{
    [Promise]
    public async Task DeletionLeavesNothing()
    {
        var sample = await RunningAsync(Slug("delete"));
        await AllAsync(Target.DeleteAsync(sample.Ref, Stop));
        await ShouldBeGoneAsync(sample.Ref);
    }

    [Promise]
    public async Task DeletingWhatIsGoneOrNeverWasIsNoError()
    {
        var sample = Sample(Slug("never"));
        await AllAsync(Target.DeleteAsync(sample.Ref, Stop));
        await ConvergeAsync(sample);
        await AllAsync(Target.DeleteAsync(sample.Ref, Stop));
        await AllAsync(Target.DeleteAsync(sample.Ref, Stop));
        await ShouldBeGoneAsync(sample.Ref);
    }

    [Promise]
    public async Task DeletionGoesInReverseOrderOfCreation()
    {
        var sample = await RunningAsync(Slug("reverse"));
        var order = (await ObserveAsync(sample)).Resources.Select(resource => resource.Resource).ToList();
        var events = await AllAsync(Target.DeleteAsync(sample.Ref, Stop));
        var deleted = events.Where(step => step is { Action: StepAction.Delete, State: StepState.Done }).Select(step => step.Resource).ToList();
        deleted.ShouldBe(order.AsEnumerable().Reverse(), ignoreOrder: Harness.OrdersByItself);
    }

    [Promise]
    public async Task WhatSleepsCanBeDeleted()
    {
        var sample = await RunningAsync(Slug("sleepdel"));
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        await AllAsync(Target.DeleteAsync(sample.Ref, Stop));
        await ShouldBeGoneAsync(sample.Ref);
    }

    [Promise]
    public async Task WhatIsFrozenCanBeDeleted()
    {
        if (Target is not IFreeze freeze)
            return;
        var sample = await RunningAsync(Slug("frozendel"));
        await AllAsync(freeze.FreezeAsync(sample.Ref, Stop));
        await AllAsync(Target.DeleteAsync(sample.Ref, Stop));
        await ShouldBeGoneAsync(sample.Ref);
    }

    [Promise]
    public async Task ADeletionCutOffAnywhereIsFinishedByTheNextCall()
    {
        for (var after = 0; ; after += Harness.CutsEvery)
        {
            var sample = await RunningAsync(Slug($"delcut{after}"));
            var cut = await CutOffAsync(Target.DeleteAsync(sample.Ref, Stop), after);
            await AllAsync(Harness.Reopen().DeleteAsync(sample.Ref, Stop));
            await ShouldBeGoneAsync(sample.Ref);
            if (!cut)
                break;
        }
    }

    [Promise]
    public async Task ACreationCutOffAnywhereCanBeDeleted()
    {
        for (var after = 0; ; after += Harness.CutsEvery)
        {
            var sample = Sample(Slug($"credel{after}"));
            var plan = await Target.PlanAsync(sample, await ObserveAsync(sample), Stop);
            var cut = await CutOffAsync(Target.ApplyAsync(plan, sample, Stop), after);
            await AllAsync(Harness.Reopen().DeleteAsync(sample.Ref, Stop));
            await ShouldBeGoneAsync(sample.Ref);
            if (!cut)
                break;
        }
    }

    [Promise]
    public async Task TheNeighbourIsLeftAlone()
    {
        var neighbour = await RunningAsync(Slug("stays"));
        var sample = await RunningAsync(Slug("goes"));
        await AllAsync(Target.DeleteAsync(sample.Ref, Stop));
        await ShouldRunAsync(neighbour);
    }

    [Promise]
    public async Task ASlugCanBeUsedAgainAndFindsNoOldData()
    {
        var slug = Slug("reuse");
        var first = SampleApp.WithVariable(await RunningAsync(slug), "GREETING", "hello from before");
        await AllAsync(Target.DeleteAsync(first.Ref, Stop));
        var second = await RunningAsync(slug);
        second.Ref.Id.ShouldNotBe(first.Ref.Id);
        await ShouldRunAsync(second);
        (await ObserveAsync(first)).State.ShouldBe(ObservedState.Absent);
    }

    private async Task ShouldBeGoneAsync(InstanceRef instance)
    {
        (await Target.ObserveAsync(instance, Stop)).State.ShouldBe(ObservedState.Absent);
        (await Target.ListOwnedAsync(Harness.Owner, Stop)).ShouldNotContain(found => found.Id == instance.Id);
    }
}
