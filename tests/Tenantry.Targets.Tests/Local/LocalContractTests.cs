using Tenantry.Targets.Contract;

namespace Tenantry.Targets.Tests.Local;

public sealed class LocalContractTests : TargetContract
{
    public static string? WhyNot => NeedsCrunFactAttribute.WhyNotWith();

    protected override Task<ContractHarness> OpenAsync() => Task.FromResult<ContractHarness>(new LocalHarness());
}
