package dev.kvdb.testkit;

import java.util.List;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuarantee;

/**
 * Operations for Lincheck, each a public method marked as one, on a state that the constructor makes anew. Whatever the
 * interleaving, their results must be those of the specification's methods of the same names, one after another in some
 * order that agrees with the clock.
 */
public interface InterleavedOperations {

    /** A class with the same methods and a constructor without arguments, for one thread. */
    Class<?> specification();

    /** What the model checker does not look into; the stress mode knows no such thing. */
    List<ManagedStrategyGuarantee> guarantees();
}
