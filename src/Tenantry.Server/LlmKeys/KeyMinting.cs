using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;
using Tenantry.Model.Plans;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.LlmKeys;

/// <summary>
/// Makes a key, which its provider shows once. Before it asks, it writes down that it will; what it finds under the name then has lost its text, and is
/// revoked. So there are never two keys of which one is nobody's, wherever it is killed.
/// </summary>
internal sealed class KeyMinting(IStore store, SecretVault vault)
{
    /// <summary>The key with its text stored. <paramref name="row"/> is what there was, with an empty hash when its text is lost.</summary>
    public async Task<LlmKey> RunAsync(ILlmProvider provider, InstanceSpec spec, WantedKey wanted, LlmKey? row, KeyPass pass, CancellationToken cancellationToken)
    {
        var resource = KeyFailures.Resource(wanted.Secret);
        var action = row?.IsThere == true ? StepAction.Replace : StepAction.Create;
        await pass.Told(new StepEvent(resource, action, StepState.Started, wanted.Cap));
        var intent = (row ?? wanted.First(spec)) with { Minting = true };
        await store.WriteLlmKeyAsync(intent, null, pass.Lease(), cancellationToken);
        var made = await KeyFailures.AskAsync(wanted.Provider, wanted.Secret, async () =>
        {
            await RevokeLostAsync(provider, intent, lost => pass.Told(new StepEvent(resource, action, StepState.Progress, $"revoking {lost.Label}, whose text was lost")), cancellationToken);
            if (intent.Former.Length > 0)
                await provider.DeleteAsync(intent.Former, cancellationToken);
            return await provider.MintAsync(new KeyTerms(intent.Name, wanted.Limit!.Value, wanted.Reset), cancellationToken);
        });
        if (made.Key.Limit != wanted.Limit || made.Key.Reset != wanted.Reset)
        {
            await KeyFailures.AskAsync(wanted.Provider, wanted.Secret, () => provider.DeleteAsync(made.Key.Hash, cancellationToken));
            throw new TargetException(
                $"{wanted.Provider} made a key with another cap than was asked for ({WantedKey.CapOf(made.Key.Limit, made.Key.Reset)} in place of {wanted.Cap}); it was deleted.",
                retryable: false,
                resource);
        }

        var place = SecretPlace.Of(spec, SecretScope.Instance, wanted.Secret);
        var text = await vault.SealAsync(place, SecretPlace.KeyHolderOf(spec, SecretScope.Instance), made.Text, cancellationToken);
        var key = intent with
        {
            Minting = false,
            Hash = made.Key.Hash,
            Former = intent.Hash,
            Label = made.Key.Label,
            Rotation = spec.Llm.Rotation,
            Limit = wanted.Limit!.Value,
            Reset = wanted.Reset,
            Disabled = made.Key.Disabled,
        };
        await store.WriteLlmKeyAsync(key, text, pass.Lease(), cancellationToken);
        await pass.Told(new StepEvent(resource, action, StepState.Done, $"{key.Label}, {wanted.Cap}"));
        return key;
    }

    /// <summary>Deletes every key of the name but the one whose text the instance has and the one before it. Returns the first of these as the provider has it.</summary>
    public static async Task<ProviderKey?> RevokeLostAsync(ILlmProvider provider, LlmKey row, Func<ProviderKey, Task> told, CancellationToken cancellationToken)
    {
        ProviderKey? present = null;
        foreach (var key in await provider.ListAsync(cancellationToken))
        {
            if (key.Name != row.Name || (row.Former.Length > 0 && key.Hash == row.Former))
                continue;
            if (row.IsThere && key.Hash == row.Hash)
            {
                present = key;
                continue;
            }

            await told(key);
            await provider.DeleteAsync(key.Hash, cancellationToken);
        }

        return present;
    }
}
