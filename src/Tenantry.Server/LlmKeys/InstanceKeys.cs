using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;
using Tenantry.Model.Plans;
using Tenantry.Server.Instances;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.LlmKeys;

/// <summary>LLM keys as part of an instance's life: made with it, capped as its tier says, disabled while it sleeps if the tier wants that, deleted with it.</summary>
public sealed class InstanceKeys(IStore store, LlmProviderSet providers, SecretVault vault, TimeProvider time) : IProvidedKeys
{
    // A wake does not wait for a provider that does not answer: the key is enabled as soon as it does.
    private static readonly TimeSpan WakePatience = TimeSpan.FromSeconds(3);

    private readonly KeyMinting _minting = new(store, vault);
    private readonly ReleaseCache<Manifest?> _manifests = new(store, manifest => manifest);

    /// <inheritdoc/>
    public async Task<KeyAnswer> PrepareAsync(InstanceRecord record, KeyPass pass, CancellationToken cancellationToken)
    {
        var spec = record.Spec;
        if (await _manifests.FindAsync(spec.Release, cancellationToken) is not { } manifest)
            return KeyAnswer.Same;
        var changed = false;
        if (WantedKey.Of(manifest, spec, record.Desired) is not { Count: > 0 } wanted)
            return KeyAnswer.Same;
        var present = await PresentAsync(spec, manifest, cancellationToken);
        foreach (var one in wanted.Where(one => !present.IsOwn(spec, one.Secret)))
        {
            var (hasChanged, refused) = await PrepareAsync(spec, one, present, pass, cancellationToken);
            changed |= hasChanged;
            if (refused is not null)
                return new KeyAnswer(changed, refused);
        }

        return new KeyAnswer(changed, null);
    }

    /// <inheritdoc/>
    public async Task<string?> SettleAsync(InstanceRecord record, KeyPass pass, CancellationToken cancellationToken)
    {
        var spec = record.Spec;
        if ((await store.ListLlmKeysAsync(spec.Id, cancellationToken)).Count == 0 || await _manifests.FindAsync(spec.Release, cancellationToken) is not { } manifest)
            return null;
        var present = await PresentAsync(spec, manifest, cancellationToken);
        var wanted = WantedKey.Of(manifest, spec, record.Desired).ToDictionary(one => one.Secret, StringComparer.Ordinal);
        try
        {
            foreach (var (key, _) in present.Keys.Values)
            {
                if (!wanted.TryGetValue(key.Secret, out var one) || present.IsOwn(spec, key.Secret))
                    await RemoveAsync(key, withText: !present.IsOwn(spec, key.Secret), pass, cancellationToken);
                else if (key.IsThere)
                    await SettleAsync(key, one, pass, cancellationToken);
            }

            return null;
        }
        catch (TargetException failure)
        {
            return failure.Sentence;
        }
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(InstanceSpec spec, KeyPass pass, CancellationToken cancellationToken)
    {
        foreach (var (key, _) in await store.ListLlmKeysAsync(spec.Id, cancellationToken))
            await RemoveAsync(key, withText: true, pass, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PlanStep>> PlanAsync(InstanceSpec spec, CancellationToken cancellationToken)
    {
        if (spec.Desired == DesiredState.Deleted)
            return [.. (await store.ListLlmKeysAsync(spec.Id, cancellationToken)).Select(one => new PlanStep(KeyFailures.Resource(one.Key.Secret), StepAction.Delete, "the instance is deleted"))];
        if (await _manifests.FindAsync(spec.Release, cancellationToken) is not { } manifest)
            return [];
        var present = await PresentAsync(spec, manifest, cancellationToken);
        return [.. WantedKey.Of(manifest, spec, spec.Desired).Where(one => one.Limit is not null && !present.IsOwn(spec, one.Secret)).SelectMany(one => Steps(spec, one, present))];
    }

    private static IEnumerable<PlanStep> Steps(InstanceSpec spec, WantedKey one, PresentKeys present)
    {
        var resource = KeyFailures.Resource(one.Secret);
        var key = present.Find(one.Secret);
        if (key is null || NeedsText(spec, key, present))
            yield return new PlanStep(resource, key?.IsThere == true ? StepAction.Replace : StepAction.Create, one.Cap);
        else if (key.Limit != one.Limit || key.Reset != one.Reset)
            yield return new PlanStep(resource, StepAction.Update, $"{one.Cap}, before: {WantedKey.CapOf(key.Limit, key.Reset)}");
        if (key is not null && key.Disabled != one.Disabled)
            yield return new PlanStep(resource, StepAction.Update, one.Disabled ? "it is disabled" : "it is enabled");
    }

    private async Task<(bool Changed, WorkloadResult.Refused? Refused)> PrepareAsync(InstanceSpec spec, WantedKey one, PresentKeys present, KeyPass pass, CancellationToken cancellationToken)
    {
        var key = present.Find(one.Secret);
        if (one.Limit is null)
        {
            if (key is not null)
                await RemoveAsync(key, withText: true, pass, cancellationToken);
            return (key is not null, one.Required ? KeyRefusals.NoLimit(spec, one) : null);
        }

        var isInStep = key is not null && !NeedsText(spec, key, present) && !present.Differs(one.Secret) && key.Limit == one.Limit && key.Reset == one.Reset && (!key.Disabled || one.Disabled);
        if (isInStep)
            return (false, null);
        var provider = await KeyFailures.AskAsync(one.Provider, one.Secret, () => providers.FindAsync(one.Provider, cancellationToken));
        if (provider is null)
            return (false, one.Required ? KeyRefusals.NoProvider(spec, one) : null);
        if (key is not null && present.Differs(one.Secret))
            key = await LookAsync(provider, key, pass, cancellationToken);
        if (key is null || NeedsText(spec, key, present))
        {
            // What has lost its text is found under its name and revoked.
            await _minting.RunAsync(provider, spec, one, key is not null && !present.HasText(one.Secret) ? key with { Hash = "" } : key, pass, cancellationToken);
            return (true, null);
        }

        if (key.Limit != one.Limit || key.Reset != one.Reset)
            key = await LimitAsync(provider, key, one, pass, cancellationToken);
        if (key.Disabled && !one.Disabled)
            await TryEnableAsync(provider, key, pass, cancellationToken);
        return (false, null);
    }

    // The provider has it otherwise than it was made: what it says counts, and what nobody owns goes.
    private async Task<LlmKey> LookAsync(ILlmProvider provider, LlmKey key, KeyPass pass, CancellationToken cancellationToken)
    {
        var seen = await KeyFailures.AskAsync(key.Provider, key.Secret, async () =>
            await KeyMinting.RevokeLostAsync(provider, key, _ => Task.CompletedTask, cancellationToken) ?? await provider.FindAsync(key.Hash, cancellationToken));
        var present = seen is null ? key with { Hash = "" } : key with { Limit = seen.Limit, Reset = seen.Reset, Disabled = seen.Disabled };
        await store.WriteLlmKeyAsync(present, null, pass.Lease(), cancellationToken);
        return present;
    }

    private async Task<LlmKey> LimitAsync(ILlmProvider provider, LlmKey key, WantedKey one, KeyPass pass, CancellationToken cancellationToken)
    {
        var resource = KeyFailures.Resource(key.Secret);
        await pass.Told(new StepEvent(resource, StepAction.Update, StepState.Started, one.Cap));
        var seen = await KeyFailures.AskAsync(key.Provider, key.Secret, () => provider.LimitAsync(key.Hash, one.Limit!.Value, one.Reset, cancellationToken));
        if (seen.Limit != one.Limit || seen.Reset != one.Reset)
            throw new TargetException($"{key.Provider} did not take the cap ({one.Cap}).", retryable: true, resource);
        var changed = key with { Limit = one.Limit!.Value, Reset = one.Reset, Disabled = seen.Disabled };
        await store.WriteLlmKeyAsync(changed, null, pass.Lease(), cancellationToken);
        await pass.Told(new StepEvent(resource, StepAction.Update, StepState.Done, one.Cap));
        return changed;
    }

    private async Task TryEnableAsync(ILlmProvider provider, LlmKey key, KeyPass pass, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(WakePatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            await DisableAsync(provider, key, disabled: false, pass, either.Token);
        }
        catch (Exception failure) when (failure is TargetException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It is tried again, and told, when the instance is as it is wanted.
        }
    }

    private async Task SettleAsync(LlmKey key, WantedKey one, KeyPass pass, CancellationToken cancellationToken)
    {
        if (key.Disabled == one.Disabled && key.Former.Length == 0)
            return;
        var provider = await RequireAsync(key, cancellationToken);
        if (key.Disabled != one.Disabled)
            key = await DisableAsync(provider, key, one.Disabled, pass, cancellationToken);
        if (key.Former.Length == 0)
            return;
        var resource = new ResourceName("llm-key", key.Secret + " (former)");
        await pass.Told(new StepEvent(resource, StepAction.Delete, StepState.Started));
        await KeyFailures.AskAsync(key.Provider, key.Secret, () => provider.DeleteAsync(key.Former, cancellationToken));
        await store.WriteLlmKeyAsync(key with { Former = "" }, null, pass.Lease(), cancellationToken);
        await pass.Told(new StepEvent(resource, StepAction.Delete, StepState.Done));
    }

    private async Task<LlmKey> DisableAsync(ILlmProvider provider, LlmKey key, bool disabled, KeyPass pass, CancellationToken cancellationToken)
    {
        var resource = KeyFailures.Resource(key.Secret);
        var word = disabled ? "disabled" : "enabled";
        await pass.Told(new StepEvent(resource, StepAction.Update, StepState.Started, word));
        await KeyFailures.AskAsync(key.Provider, key.Secret, () => provider.DisableAsync(key.Hash, disabled, cancellationToken));
        var changed = key with { Disabled = disabled };
        await store.WriteLlmKeyAsync(changed, null, pass.Lease(), cancellationToken);
        await pass.Told(new StepEvent(resource, StepAction.Update, StepState.Done, word));
        return changed;
    }

    // Finished only when the provider's whole list shows nothing of it any more.
    private async Task RemoveAsync(LlmKey key, bool withText, KeyPass pass, CancellationToken cancellationToken)
    {
        var resource = KeyFailures.Resource(key.Secret);
        var provider = await RequireAsync(key, cancellationToken);
        await pass.Told(new StepEvent(resource, StepAction.Delete, StepState.Started, key.Label));
        await KeyFailures.AskAsync(key.Provider, key.Secret, async () =>
        {
            foreach (var hash in new[] { key.Hash, key.Former }.Where(hash => hash.Length > 0))
                await provider.DeleteAsync(hash, cancellationToken);
            return await KeyMinting.RevokeLostAsync(provider, key with { Hash = "", Former = "" }, _ => Task.CompletedTask, cancellationToken);
        });
        await store.RemoveLlmKeyAsync(key, withText, pass.Lease(), cancellationToken);
        await pass.Told(new StepEvent(resource, StepAction.Delete, StepState.Done, "it is in the provider's list no more"));
    }

    private async Task<ILlmProvider> RequireAsync(LlmKey key, CancellationToken cancellationToken) =>
        await KeyFailures.AskAsync(key.Provider, key.Secret, () => providers.FindAsync(key.Provider, cancellationToken)) ?? throw new TargetException(
            $"The LLM provider '{key.Provider}' is not configured any more.",
            retryable: true,
            KeyFailures.Resource(key.Secret),
            $"Set its management key: 'tenantry llm provider set {key.Provider}'.");

    private static bool NeedsText(InstanceSpec spec, LlmKey key, PresentKeys present) =>
        !key.IsThere || key.Minting || key.Rotation < spec.Llm.Rotation || !present.HasText(key.Secret);

    private async Task<PresentKeys> PresentAsync(InstanceSpec spec, Manifest manifest, CancellationToken cancellationToken) => new(
        (await store.ListLlmKeysAsync(spec.Id, cancellationToken)).ToDictionary(one => one.Key.Secret, StringComparer.Ordinal),
        NearestSecrets.Of(manifest, await store.ListSecretsAsync(spec, cancellationToken)).ToDictionary(one => one.Key, one => one.Value.Generated, StringComparer.Ordinal));

    /// <summary>What there is of an instance's keys: those that were made, and which secrets have a value, made here or given by a person.</summary>
    private sealed record PresentKeys(IReadOnlyDictionary<string, LlmKeyRecord> Keys, IReadOnlyDictionary<string, bool> Texts)
    {
        public LlmKey? Find(string secret) => Keys.GetValueOrDefault(secret)?.Key;

        public bool Differs(string secret) => Keys.GetValueOrDefault(secret)?.Usage?.Differs == true;

        public bool HasText(string secret) => Texts.GetValueOrDefault(secret);

        public bool IsOwn(InstanceSpec spec, string secret) => spec.Llm.Own || (Texts.TryGetValue(secret, out var isMade) && !isMade);
    }
}
