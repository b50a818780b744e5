namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>A test that needs root and programs of the machine; skipped, with its reason, where they are not there.</summary>
internal sealed class MachineFactAttribute : FactAttribute
{
    public MachineFactAttribute(params string[] programs) => Skip = Machine.WhyNot(programs);
}

/// <summary>The same for tests with data.</summary>
internal sealed class MachineTheoryAttribute : TheoryAttribute
{
    public MachineTheoryAttribute(params string[] programs) => Skip = Machine.WhyNot(programs);
}
