namespace Tenantry.Model.Wire;

/// <summary>How much an organization may have; null: any number.</summary>
/// <param name="Instances">Instances, asleep or not.</param>
/// <param name="Awake">Instances that are awake at the same time.</param>
/// <param name="Cpu">Cores of all instances together.</param>
/// <param name="Memory">Bytes.</param>
/// <param name="Disk">Bytes.</param>
public sealed record QuotaLimits(int? Instances = null, int? Awake = null, double? Cpu = null, long? Memory = null, long? Disk = null);

/// <summary>How much of it is used.</summary>
/// <param name="Instances">Instances, those that are being deleted among them.</param>
/// <param name="Awake">Instances that are awake, or about to be.</param>
/// <param name="Cpu">Cores.</param>
/// <param name="Memory">Bytes.</param>
/// <param name="Disk">Bytes.</param>
public sealed record QuotaUse(int Instances, int Awake, double Cpu, long Memory, long Disk);

/// <summary>A quota and what is used of it.</summary>
/// <param name="Tier">Of which tier; null: of all together.</param>
/// <param name="Limits">How much there may be.</param>
/// <param name="Used">How much there is.</param>
public sealed record QuotaResponse(string? Tier, QuotaLimits Limits, QuotaUse Used);

/// <summary>Body of <c>PUT /v1/organizations/{organization}/quotas</c>.</summary>
/// <param name="Limits">In place of what was said before; with nothing in it the quota goes.</param>
/// <param name="Tier">Of which tier; null: of all together.</param>
public sealed record PutQuotaRequest(QuotaLimits Limits, string? Tier = null);
