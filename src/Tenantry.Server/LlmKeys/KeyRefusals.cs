using Tenantry.Model.Instances;
using Tenantry.Server.Reconciling;

namespace Tenantry.Server.LlmKeys;

/// <summary>Why an instance waits for its LLM key, and the command that mends it.</summary>
internal static class KeyRefusals
{
    private const string Condition = "LlmKeyMissing";

    public static WorkloadResult.Refused NoProvider(InstanceSpec spec, WantedKey wanted) => new(
        Condition,
        $"The secret {wanted.Secret} is an LLM key of '{wanted.Provider}', and no management key is set that could make it. Set it with 'tenantry llm provider set {wanted.Provider}', " +
        $"or give a key of your own with 'tenantry secret set {spec.Slug} {wanted.Secret}'.",
        IsPending: true);

    public static WorkloadResult.Refused NoLimit(InstanceSpec spec, WantedKey wanted) => new(
        Condition,
        $"The tier '{spec.Tier}' has no llm limit: the LLM key {wanted.Secret} would have no cap, and is not made. Set one with 'tenantry llm limit {spec.Tenant} --limit 500' (cents) or in the manifest " +
        $"(llm: {{ limit: $5 }}), or give a key of your own with 'tenantry secret set {spec.Slug} {wanted.Secret}'.",
        IsPending: true);
}
