namespace Tenantry.Model.Wire;

/// <summary><c>POST /v1/render/terraform</c>: instances of AWS targets in Terraform's words. Changes nothing.</summary>
/// <param name="Slugs">Which instances; null or empty: all that are on such targets.</param>
/// <param name="New">Instead of them one that there is not, such as it would be made.</param>
public sealed record RenderTerraformRequest(IReadOnlyList<string>? Slugs = null, NewTerraformInstance? New = null);

/// <summary>An instance that there is not, for a look at what it would be and cost.</summary>
/// <param name="App">An app.</param>
/// <param name="Tier">A tier of its newest release; null: its first.</param>
/// <param name="Target">A target of the kind aws; null: the only one.</param>
public sealed record NewTerraformInstance(string App, string? Tier = null, string? Target = null);

/// <summary>Instances in Terraform's words; holds no secret.</summary>
/// <param name="Rendered">Each of them, sorted by slug.</param>
/// <param name="Skipped">Those that cannot be rendered, each with the reason.</param>
public sealed record RenderTerraformResponse(IReadOnlyList<TerraformInstanceResponse> Rendered, IReadOnlyList<SkippedInstanceResponse> Skipped);

/// <summary>One instance in Terraform's words.</summary>
/// <param name="Slug">Which one.</param>
/// <param name="Tenant">Whose.</param>
/// <param name="App">Of what.</param>
/// <param name="Tier">Its tier.</param>
/// <param name="Workspace">Its workspace.</param>
/// <param name="Variables">Text of its file of variables, JSON.</param>
/// <param name="Secret">Name of its secret in Secrets Manager.</param>
/// <param name="SecretKeys">Keys of that secret.</param>
/// <param name="Monthly">What it costs a month by list prices, or null when a price is not known.</param>
/// <param name="MonthlyAsleep">The same while it is asleep.</param>
/// <param name="Costs">The parts of that.</param>
/// <param name="CostsNote">Where the prices are from, and what is not exact.</param>
/// <param name="Notes">Sentences for a person.</param>
public sealed record TerraformInstanceResponse(
    string Slug,
    string Tenant,
    string App,
    string Tier,
    string Workspace,
    string Variables,
    string Secret,
    IReadOnlyList<string> SecretKeys,
    MoneyResponse? Monthly,
    MoneyResponse? MonthlyAsleep,
    IReadOnlyList<CostPartResponse> Costs,
    string CostsNote,
    IReadOnlyList<string> Notes);

/// <summary>One part of what an instance costs a month.</summary>
/// <param name="What">For a person.</param>
/// <param name="Amount">How much.</param>
/// <param name="StopsAsleep">True when it costs nothing while the instance is asleep.</param>
public sealed record CostPartResponse(string What, MoneyResponse Amount, bool StopsAsleep);

/// <summary>One thing of <c>GET /v1/instances/{slug}/looks</c>, looked at where the instance runs.</summary>
/// <param name="What">What should be true.</param>
/// <param name="IsTrue">Whether it was seen to be.</param>
/// <param name="Hint">What was seen instead, or what to do; may be empty.</param>
public sealed record LookResponse(string What, bool IsTrue, string Hint);

/// <summary>One point of <c>tenantry checklist</c>.</summary>
/// <param name="Part">Which part of the work it belongs to.</param>
/// <param name="What">What should be true.</param>
/// <param name="IsTrue">Whether it was seen to be.</param>
/// <param name="Hint">What to do when it is not; may be empty.</param>
public sealed record ChecklistPointResponse(string Part, string What, bool IsTrue, string Hint);
